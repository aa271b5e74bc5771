// What a backend returns at a measured step.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace axiom {

/// How well a network does on an evaluation set's samples (client/experiments/classification.h).
struct Score {
  double loss;
  double accuracy;
  bool operator==(const Score&) const = default;
};

/// What evaluating a network on one set gave. All matrices are row-major, one row per sample unless
/// said otherwise.
struct Evaluation {
  std::vector<float> outputs;  ///< samples × outputs: logits
  std::vector<std::vector<float>>
      activations;  ///< one per requested layer: samples × width, after ReLU
  // Of each requested layer, in place of activations, if the set's use allows it and the backend
  // has the means; empty else.
  std::vector<std::vector<double>> squared_singular_values;  ///< min(samples, width), descending
  /// ‖AᵀB‖_F², A of this network, B of each that was evaluated for the group from this one on.
  std::vector<std::vector<double>> inner_products;
  /// Of the layer: the means over its units of the largest and of the mean |correlation| with an
  /// input (client/experiments/weight_measures.h).
  std::vector<double> input_correlations;
  /// Of each sign: the share of the next set's samples that are told right; NaN: no solution.
  std::vector<double> probe_accuracies;
  /// In place of outputs, where only a score is wanted and the backend gives it.
  std::optional<Score> score;
  /// Those that the set names, in place of gradients, if the backend gives them.
  std::vector<double> sums;
  std::vector<float> input_gradients;       ///< samples × inputs
  std::vector<float> first_layer_gradient;  ///< inputs × first hidden width
};

/// A network at one measured step.
struct Snapshot {
  bool diverged = false;  ///< nothing below is meaningful then
  std::span<const float> parameters;
  std::vector<Evaluation> evaluations;  ///< in the order of TrainingRun::evaluation_sets
};

}  // namespace axiom
