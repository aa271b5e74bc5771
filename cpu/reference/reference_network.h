// One training step in plain loops: the definition that every fast path must equal, bit for bit.
// Matrices are row-major; nothing is blocked, padded or reordered.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "client/plan/training_run.h"

namespace axiom::cpu::reference {

/// Activations and gradients of one sample batch through a network.
class ReferenceNetwork {
 public:
  /// `rest` is called for every row of the outermost loops.
  ReferenceNetwork(const NetworkShape& shape, std::function<void()> rest)
      : shape_(shape), rest_(std::move(rest)) {}

  /// Logits of `rows` samples (rows × inputs). masks: dropout factors, rows × hidden units, or
  /// empty.
  void forward(std::span<const float> parameters, std::span<const float> inputs, int rows,
               std::span<const float> masks);
  /// ∂L/∂z of every layer, from the logits: (p − y)·scale, then back through the weights.
  void backward(std::span<const float> parameters, std::span<const std::int32_t> labels,
                float scale);
  /// Σ over samples of input × ∂L/∂z, and of ∂L/∂z, for one layer. gradient:
  /// layer_parameters(layer).
  void gradient(int layer, std::span<float> gradient) const;
  /// ∂L/∂x of every sample, rows × inputs.
  void input_gradients(std::span<const float> parameters, std::span<float> gradients) const;

  std::span<const float> logits() const { return layers_.back().outputs; }
  /// After ReLU (and dropout); layer 1 is the first hidden one.
  std::span<const float> activations(int layer) const {
    return layers_[static_cast<std::size_t>(layer) - 1].outputs;
  }

  /// Bytes held for `rows` samples; `deltas`: after backward().
  static std::size_t bytes(const NetworkShape& shape, int rows, bool deltas);

 private:
  struct Layer {
    std::vector<float> outputs;  ///< rows × fan_out
    std::vector<float> deltas;   ///< rows × fan_out
  };
  void output_deltas(std::span<const std::int32_t> labels, float scale);
  std::span<const float> layer_input(int layer) const;

  NetworkShape shape_;
  std::function<void()> rest_;
  std::span<const float> inputs_;
  std::span<const float> masks_;
  int rows_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace axiom::cpu::reference
