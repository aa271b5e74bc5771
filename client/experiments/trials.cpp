#include "client/experiments/trials.h"

#include <vector>

#include "client/experiments/datasets.h"
#include "client/experiments/parameters.h"
#include "client/experiments/statistics.h"

namespace axiom {

SeedPlan plan_trials(const Parameters& parameters, std::uint64_t seed, const Task& task,
                     std::span<const Configuration> configurations, std::span<const int> samples,
                     const std::function<Group(TrainingRun run, TrialDatasets datasets)>& group) {
  SeedPlan plan;
  plan.seed = seed;
  const auto trials = static_cast<std::uint32_t>(integer_value(parameters, "trials"));
  for (std::uint32_t trial = 0; trial < trials; ++trial) {
    std::vector<std::shared_ptr<Dataset>> datasets;
    for (const int count : samples) datasets.push_back(sized_dataset(count, task.inputs));
    for (std::size_t network = 0; network < configurations.size(); ++network) {
      plan.groups.push_back(
          group(make_run(task, configurations[network], {seed, trial, network}, datasets.front(),
                         integer_value(parameters, "batch"), integer_value(parameters, "epochs")),
                datasets));
    }
    plan.datasets.insert(plan.datasets.end(), datasets.begin(), datasets.end());
  }
  return plan;
}

double mean_over_trials(const NetworkValues& values, std::size_t configurations,
                        std::size_t network, std::size_t measurement, std::size_t value) {
  std::vector<double> trials;
  for (std::size_t n = network; n < values.networks(); n += configurations) {
    trials.push_back(values.at(n, measurement, value));
  }
  return mean(trials);
}

}  // namespace axiom
