// Plans of experiments and made-up measurements, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "client/experiments/experiment.h"

namespace axiom::test {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::uint64_t seed = 42;

/// An experiment with checked parameters and the plan of one seed.
struct Planned {
  const Experiment* experiment;
  Parameters parameters;
  SeedPlan plan;
};

inline Planned planned(std::string_view name, std::string_view preset = "default",
                       const Json& overrides = Json::object()) {
  const Experiment* experiment = find_experiment(name);
  if (experiment == nullptr) throw std::logic_error("no experiment " + std::string(name));
  const Parameters parameters = checked_parameters(*experiment, preset, overrides);
  return {experiment, parameters, experiment->plan(parameters, seed)};
}

/// One value for all of a plan, in [.2, .8] and different for each.
inline std::vector<GroupValues> synthetic_values(const SeedPlan& plan) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<double> uniform(.2, .8);
  std::vector<GroupValues> values;
  for (const Group& group : plan.groups) {
    values.emplace_back(group.measured_steps.size() * group.values_per_measurement);
    for (double& value : values.back()) value = uniform(generator);
  }
  return values;
}

/// Sets every value of one group from a measurement on, as for a network that diverged.
inline void diverge(const SeedPlan& plan, std::vector<GroupValues>& values, std::size_t group,
                    std::size_t measurement) {
  const std::size_t first = measurement * plan.groups[group].values_per_measurement;
  for (std::size_t i = first; i < values[group].size(); ++i) values[group][i] = nan;
}

/// Generates the data and summarizes.
inline Json summary_of(Planned& p, const std::vector<GroupValues>& values) {
  p.experiment->generate(p.parameters, p.plan);
  return p.experiment->summarize(p.parameters, p.plan, values);
}

}  // namespace axiom::test
