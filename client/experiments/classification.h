// Accuracy and cross-entropy of a network's outputs, in double from float logits: as the backend
// gave them, or computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "client/plan/network.h"
#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

/// Outputs of a network on labelled samples.
struct Predictions {
  std::span<const float> logits;         ///< samples × outputs, row-major
  std::span<const std::int32_t> labels;  ///< at least `samples` entries
  int samples;
  int outputs;
  Loss loss;
  std::optional<Score> score = std::nullopt;  ///< in place of logits
};

/// What a network of this run said on its evaluation set number `set`.
Predictions predictions_of(const TrainingRun& run, std::size_t set, const Snapshot& snapshot);

/// Fraction of samples predicted right: the first largest logit, or z > 0 for the sigmoid.
double accuracy(const Predictions& predictions);
/// Mean cross-entropy in natural logarithms.
double cross_entropy(const Predictions& predictions);

}  // namespace axiom
