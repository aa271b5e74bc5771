// What an experiment would take on a backend, from its plan and short measurements.
#pragma once

#include <functional>

#include "client/benchmark/report.h"
#include "client/experiments/experiment.h"
#include "client/plan/backend.h"

namespace axiom {

struct EstimateOptions {
  std::function<double(const TrainingRun&)> rate;  ///< FLOP/s as benchmarked, one thread
  double allowed_seconds = 1;                      ///< measure only if it will take no longer
  double sample_seconds = 0.01;                    ///< of one timed stretch of training
  int runs = 5;  ///< timed stretches per shape; the least disturbed counts
};

/// One seed of the default preset on one thread: all its training steps, each network shape at its
/// own rate, all its evaluations and metrics. Where measuring that would take too long, the rates
/// of `options.rate` for training and evaluation, metrics left out.
ExperimentReport estimate_experiment(const Experiment& experiment, const Backend& backend,
                                     Executor& executor, const EstimateOptions& options);

}  // namespace axiom
