// One network to be trained, as plain data: what an experiment asks of a backend.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/plan/dataset.h"
#include "client/plan/network.h"

namespace axiom {

/// What becomes of an evaluation set's activations. A backend that has the means may compute it
/// where they lie and give back its few numbers in their place (Evaluation).
enum class ActivationUse {
  any,             ///< the activations themselves are wanted
  spectra,         ///< of each layer only the squared singular values
  inner_products,  ///< of each layer only ‖AᵀB‖² of all pairs of networks of a group, centred
  correlations,    ///< of the one layer only those of its units with the inputs, summed up
  /// Of the one layer only how many signs of the next set's samples are told right by
  /// linear probes that were fitted to this set's (Dataset::signs).
  linear_probe_fit,
  linear_probe_test,  ///< the next set's
};

/// A sum over a part of a matrix, row after row, in double.
struct MatrixSum {
  enum class Matrix { input_gradients, first_layer_gradient, weights };
  enum class Term { squares, magnitudes };
  Matrix matrix;
  Term term;
  int first_row;
  int rows;
  int first_column;
  int columns;
  int layer = 0;  ///< of weights
};

/// What to evaluate at each measured step: the network on a dataset (without dropout).
struct EvaluationSet {
  std::shared_ptr<const Dataset> data;
  int samples = 0;                    ///< the first so many samples of data
  std::vector<int> hidden_layers;     ///< hidden layers (1 = first) whose activations are wanted
  bool input_gradients = false;       ///< ∂L_i/∂x_ij, each sample's own loss
  bool first_layer_gradient = false;  ///< ∂L/∂W1, L the mean loss over the samples
  ActivationUse use = ActivationUse::any;
  bool score_only = false;           ///< of the outputs, loss and accuracy are enough
  std::vector<MatrixSum> sums = {};  ///< if there are any: of gradients, these are enough
};

/// One training run. Its random streams are functions of (seed, trial, network).
struct TrainingRun {
  NetworkShape shape;
  std::shared_ptr<const Dataset> train;
  int samples = 0;  ///< trains on the first so many samples
  int batch = 0;    ///< mini-batch size; 0 = full batch, in data order
  float learning_rate = 0;
  float dropout = 0;
  float weight_decay = 0;
  std::uint64_t steps = 0;  ///< total
  std::uint64_t seed = 0;
  std::uint32_t trial = 0;
  std::uint32_t network = 0;
  std::vector<EvaluationSet> evaluation_sets;

  int batch_size() const { return batch == 0 || batch > samples ? samples : batch; }
  std::uint64_t steps_per_epoch() const {
    return (static_cast<std::uint64_t>(samples) + static_cast<std::uint64_t>(batch_size()) - 1) /
           static_cast<std::uint64_t>(batch_size());
  }
  /// Samples that the first `count` steps of training see.
  std::uint64_t samples_seen(std::uint64_t count) const {
    const std::uint64_t per_epoch = steps_per_epoch();
    return (count / per_epoch) * static_cast<std::uint64_t>(samples) +
           (count % per_epoch) * static_cast<std::uint64_t>(batch_size());
  }
  /// Floating-point operations of the first `count` steps.
  double flops(std::uint64_t count) const {
    return shape.training_flops_per_sample() * static_cast<double>(samples_seen(count));
  }
};

/// Floating-point operations of evaluating a network on one set, metrics excluded. Passes over all
/// weights: forward; back to the inputs; back to the first layer's gradient.
inline double evaluation_flops(const NetworkShape& shape, const EvaluationSet& set) {
  const int passes = 1 + (set.input_gradients ? 1 : 0) + (set.first_layer_gradient ? 1 : 0);
  return shape.forward_flops_per_sample() * set.samples * passes;
}

/// Parameters that a device has in its own memory.
class DeviceCopy {
 public:
  virtual ~DeviceCopy() = default;
};

/// Canonical state of a run: equal bits on every backend at equal steps.
struct RunState {
  std::uint64_t step = 0;
  bool diverged = false;
  std::vector<float> parameters;  ///< NetworkShape's canonical layout
  /// Spares the executor that left it here a copy; no part of the state, and it may be of another
  /// step.
  std::shared_ptr<DeviceCopy> device_copy = nullptr;
};

}  // namespace axiom
