// Data of neuronspec, featcompv2, repalignv2 and microscalev2 (docs/EXPERIMENTS.md).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "client/experiments/combinations.h"
#include "client/plan/dataset.h"

namespace axiom {

/// Consecutive input features.
struct FeatureRange {
  int first;
  int count;
};

/// A dataset that is sized but not filled.
std::shared_ptr<Dataset> sized_dataset(int samples, int features);

/// Sum of a row's features in the range, in float, from left to right.
float feature_sum(const float* row, FeatureRange range);

/// neuronspec: standard normal inputs; label [Σ x0..4 > 0] ⊕ [Σ x5..9 > 0].
void generate_sign_xor(std::uint64_t seed, std::uint32_t trial, Split split, Dataset& data);

/// Features of one strength in featcompv2.
struct SignalGroup {
  FeatureRange range;
  float centre;  ///< half the signal-to-noise ratio
};
/// featcompv2: label y uniform in {0, 1}, x_j = centre of j's group · (2y − 1) + N(0, 1). Trial 0.
void generate_signals(std::uint64_t seed, Split split, std::span<const SignalGroup> groups,
                      Dataset& data);
/// Copies `from` with all features outside the range set to 0.
void keep_features(const Dataset& from, FeatureRange range, Dataset& to);

/// Centres of a Gaussian mixture, 2 · N(0, I): classes × features. Trial 0.
std::vector<float> mixture_centres(std::uint64_t seed, int classes, int features);
/// repalignv2, microscalev2: label uniform among the classes, x = centre of the label + N(0, I).
void generate_mixture(std::uint64_t seed, Split split, int classes, Dataset& data);

}  // namespace axiom
