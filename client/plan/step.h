// What every executor derives from a run before a step: data order, scalars, dropout factors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "client/plan/training_run.h"

namespace axiom {

/// Scalars of the SGD update, each rounded as docs/EXPERIMENTS.md says.
struct StepScalars {
  float scale;                   ///< 1/B
  float negative_learning_rate;  ///< −lr
  float keep;                    ///< 1 − lr·λ
};
StepScalars step_scalars(const TrainingRun& run, int batch_samples);

/// The samples of step `step`: positions [first, first + count) of epoch `epoch`'s order.
struct StepRange {
  std::uint32_t epoch;
  int first;
  int count;
};
StepRange step_range(const TrainingRun& run, std::uint64_t step);

/// The order in which an epoch visits the samples; kept until another epoch is asked for.
class EpochOrder {
 public:
  /// nullptr for full batches, which run in data order.
  const std::int32_t* of(const TrainingRun& run, std::uint32_t epoch);
  static std::size_t bytes(const TrainingRun& run);

 private:
  std::vector<std::int32_t> order_;
  std::uint32_t epoch_ = 0;
  bool valid_ = false;
};

/// Dropout factors of the hidden units: 0, or 1/(1−p) for a kept unit.
class DropoutFactors {
 public:
  explicit DropoutFactors(const TrainingRun& run);
  /// All hidden units of the sample at `position`, in order.
  void fill(const TrainingRun& run, std::uint32_t epoch, int position,
            std::span<float> factors) const;
  /// Random words below this (≤ 2^32) drop a unit.
  std::uint64_t threshold() const { return threshold_; }
  /// Factor of a kept unit.
  float kept() const { return kept_; }

 private:
  std::uint64_t threshold_;
  float kept_;
};

/// Whether all values are finite, by their bits.
bool all_finite(std::span<const float> values);

}  // namespace axiom
