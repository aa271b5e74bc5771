// The training steps that the benchmark times: equal on all hosts, so that numbers compare.
#pragma once

#include <cstdint>
#include <vector>

#include "client/plan/training_run.h"

namespace axiom {

/// 20 inputs, two hidden layers of `width` units, two classes, SGD.
struct TrainingCase {
  int width = 0;
  TrainingRun run;
  /// From the untrained network on; the parameters are digested then, on every backend.
  std::uint64_t checked_steps = 0;
};

/// For each width mini-batches of 32 out of 1000 samples, shuffled, checked past the first epoch;
/// and full batches of 512 samples, checked after one step.
std::vector<TrainingCase> training_cases(const std::vector<int>& widths);

}  // namespace axiom
