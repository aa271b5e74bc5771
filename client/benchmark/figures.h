// Figures that follow from others of a report.
#pragma once

#include <vector>

#include "client/benchmark/report.h"
#include "client/plan/training_run.h"

namespace axiom {

/// Of the experiments' seeds per hour, all threads; 0 without any.
double geometric_mean(const BackendReport& report);
/// Median spread of the training steps on one thread.
double noise(const std::vector<BackendReport>& backends);
/// FLOP/s of the benchmarked step that is nearest to a run in kind of batch, then in width.
double nearest_rate(const BackendReport& report, const TrainingRun& run);

}  // namespace axiom
