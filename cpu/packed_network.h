// A network packed into panels for one instruction set: memory, packing, unpacking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "client/plan/training_run.h"
#include "cpu/aligned_buffer.h"
#include "cpu/kernels.h"

namespace axiom::cpu {

/// Owns the buffers of one network. Layout: kernels.h.
class PackedNetwork {
 public:
  /// What the buffers must serve.
  struct Demand {
    int block_rows = 0;            ///< samples worked on at once
    int backward_rows = 0;         ///< samples whose deltas are taken between two updates; 0 = none
    bool split_gradients = false;  ///< sums over samples are kept from block to block
    bool first_layer_gradient = false;
    bool input_gradients = false;
    bool dropout = false;
    /// Units on both sides of a hidden layer from which on its products skip zeros.
    int skips_zeros_from = 0;
  };

  /// Bytes that shape() takes for such a network.
  static std::size_t bytes(const NetworkShape& shape, int panel_width, const Demand& demand);

  /// Lays out zeroed buffers. Keeps the memory of the previous network.
  void shape(const NetworkShape& shape, int panel_width, const Demand& demand);
  /// Gives the memory back. REQUIRES before any other use: shape().
  void release() { memory_.release(); }

  /// Canonical parameters in and out (NetworkShape's layout).
  void load(const NetworkShape& shape, std::span<const float> parameters);
  void store(const NetworkShape& shape, std::span<float> parameters) const;
  /// Gradients of the first layer's weights, fan_in × fan_out row-major.
  void store_first_gradient(std::span<float> gradient) const;

  /// Copies columns [0, columns) of `rows` rows of a panel matrix of the block to row-major.
  void unpack_block(const float* panels, int rows, int columns, float* out) const;
  /// Copies the logits (panels outputs × n) of `rows` samples to row-major samples × outputs.
  void unpack_outputs(int rows, float* out) const;

  const NetworkBuffers& buffers() const { return net_; }
  /// Dropout factors of a hidden layer (0 = first), layout of its activations.
  float* mask(int layer) { return masks_[static_cast<std::size_t>(layer)]; }

 private:
  AlignedBuffer memory_;
  NetworkBuffers net_{};
  std::vector<float*> masks_;
  int panel_width_ = 0;
};

}  // namespace axiom::cpu
