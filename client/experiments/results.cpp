#include "client/experiments/results.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace axiom {

NetworkValues::NetworkValues(const SeedPlan& plan, std::span<const GroupValues> values,
                             std::size_t values_per_network) {
  if (values.size() != plan.groups.size()) {
    throw std::invalid_argument("measured values of " + std::to_string(values.size()) +
                                " groups for a plan of " + std::to_string(plan.groups.size()));
  }
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    const Group& group = plan.groups[g];
    const std::size_t measurements = group.measured_steps.size();
    if (values[g].size() != measurements * group.values_per_measurement) {
      throw std::invalid_argument("group " + std::to_string(g) + " has " +
                                  std::to_string(values[g].size()) + " measured values, not " +
                                  std::to_string(measurements * group.values_per_measurement));
    }
    for (std::size_t m = 0; m < group.members.size(); ++m) {
      const double* first = values[g].data() + m * values_per_network;
      Network network{&group.members[m], first, group.values_per_measurement, measurements, false};
      for (std::size_t i = 0; i < measurements; ++i) {
        network.diverged = network.diverged || std::isnan(first[i * network.stride]);
      }
      networks_.push_back(network);
    }
  }
}

int NetworkValues::diverged_count() const {
  return static_cast<int>(std::count_if(networks_.begin(), networks_.end(),
                                        [](const Network& n) { return n.diverged; }));
}

double NetworkValues::measured(std::size_t network, std::size_t measurement,
                               std::size_t value) const {
  const Network& n = networks_[network];
  return n.values[measurement * n.stride + value];
}

double NetworkValues::at(std::size_t network, std::size_t measurement, std::size_t value) const {
  return diverged(network) ? std::numeric_limits<double>::quiet_NaN()
                           : measured(network, measurement, value);
}

std::vector<double> NetworkValues::course(std::size_t network, std::size_t value) const {
  std::vector<double> values;
  for (std::size_t i = 0; i < measurements(network); ++i) values.push_back(at(network, i, value));
  return values;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json numbers(std::span<const double> values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

Json flag(double value) {
  return std::isnan(value) ? Json(nullptr) : Json(static_cast<int>(value));
}

std::string width_key(std::string_view name, int width) {
  return std::string(name) + "_w" + std::to_string(width);
}

Json network_table(const NetworkValues& values, std::span<const Configuration> configurations,
                   std::span<const std::string_view> names) {
  Json table = Json::object();
  for (std::size_t network = 0; network < values.networks(); ++network) {
    const TrainingRun& run = values.run(network);
    const Configuration& configuration = configurations[run.network];
    table["trial"].push_back(run.trial);
    table["network"].push_back(run.network);
    table["width"].push_back(configuration.width());
    table["depth"].push_back(configuration.depth());
    table["learning_rate"].push_back(configuration.learning_rate);
    table["diverged"].push_back(values.diverged(network) ? 1 : 0);
    for (std::size_t v = 0; v < names.size(); ++v) {
      Json course = Json::array();
      for (std::size_t i = 0; i < values.measurements(network); ++i) {
        course.push_back(number(values.measured(network, i, v)));
      }
      table[std::string(names[v])].push_back(std::move(course));
    }
  }
  return table;
}

}  // namespace axiom
