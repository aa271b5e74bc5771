// Shape of a fully connected network and the canonical layout of its parameters.
#pragma once

#include <cstddef>
#include <vector>

namespace axiom {

/// What the outputs mean and what is minimised (mean over the mini-batch).
enum class Loss {
  softmax_cross_entropy,  ///< one logit per class
  sigmoid_cross_entropy,  ///< one logit, labels 0 and 1
};

/// Layer sizes from input to output; every layer but the last is followed by ReLU.
struct NetworkShape {
  std::vector<int> sizes;  ///< at least two entries: inputs, hidden…, outputs
  Loss loss = Loss::softmax_cross_entropy;

  int layers() const { return static_cast<int>(sizes.size()) - 1; }
  int inputs() const { return sizes.front(); }
  int outputs() const { return sizes.back(); }
  int fan_in(int layer) const { return sizes[static_cast<std::size_t>(layer)]; }
  int fan_out(int layer) const { return sizes[static_cast<std::size_t>(layer) + 1]; }
  int hidden_units() const {
    int units = 0;
    for (std::size_t i = 1; i + 1 < sizes.size(); ++i) units += sizes[i];
    return units;
  }

  /// Canonical parameters, layer after layer: weights fan_in × fan_out row-major, then biases.
  std::size_t weight_offset(int layer) const {
    std::size_t offset = 0;
    for (int l = 0; l < layer; ++l) offset += layer_parameters(l);
    return offset;
  }
  std::size_t bias_offset(int layer) const { return weight_offset(layer) + weights(layer); }
  std::size_t weights(int layer) const {
    return static_cast<std::size_t>(fan_in(layer)) * static_cast<std::size_t>(fan_out(layer));
  }
  std::size_t layer_parameters(int layer) const {
    return weights(layer) + static_cast<std::size_t>(fan_out(layer));
  }
  std::size_t parameters() const { return weight_offset(layers()); }

  /// Multiply-adds per sample, counted as two operations each.
  double forward_flops_per_sample() const {
    double multiply_adds = 0;
    for (int l = 0; l < layers(); ++l) multiply_adds += static_cast<double>(weights(l));
    return 2 * multiply_adds;
  }
  /// Multiply-adds per sample of one training step, counted as two operations each:
  /// forward, weight gradient, and input gradient of every layer but the first.
  double training_flops_per_sample() const {
    double multiply_adds = 0;
    for (int l = 0; l < layers(); ++l) {
      multiply_adds += static_cast<double>(weights(l)) * (l == 0 ? 2 : 3);
    }
    return 2 * multiply_adds;
  }
};

}  // namespace axiom
