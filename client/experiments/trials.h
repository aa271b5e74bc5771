// Experiments of several trials: the same networks on data of each trial's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "client/experiments/configuration.h"
#include "client/experiments/experiment.h"
#include "client/experiments/results.h"

namespace axiom {

/// The datasets of one trial.
using TrialDatasets = std::span<const std::shared_ptr<Dataset>>;

/// Plans `trials` (a parameter) times all configurations, each network a group of its own.
/// `samples`: of each dataset of a trial; networks train on the first. `group`: adds evaluation
/// sets to a network's run, and says when it is measured.
SeedPlan plan_trials(const Parameters& parameters, std::uint64_t seed, const Task& task,
                     std::span<const Configuration> configurations, std::span<const int> samples,
                     const std::function<Group(TrainingRun run, TrialDatasets datasets)>& group);

/// Mean over the trials of one value of their network number `network` (of `configurations` each).
/// NaN if it diverged in all of them.
double mean_over_trials(const NetworkValues& values, std::size_t configurations,
                        std::size_t network, std::size_t measurement, std::size_t value);

}  // namespace axiom
