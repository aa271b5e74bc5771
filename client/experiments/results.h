// Reading measured values by network, and writing numbers as JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/experiments/configuration.h"
#include "client/experiments/experiment.h"

namespace axiom {

/// Values of each network at each measured step. Networks are numbered through all groups of the
/// plan. In a group's values, those of its members come first, one after the other; the first of
/// each member's is NaN only if the network diverged.
class NetworkValues {
 public:
  /// Both arguments must outlive this. Throws std::invalid_argument if their sizes disagree.
  NetworkValues(const SeedPlan& plan, std::span<const GroupValues> values,
                std::size_t values_per_network);

  std::size_t networks() const { return networks_.size(); }
  bool diverged(std::size_t network) const { return networks_[network].diverged; }
  int diverged_count() const;
  const TrainingRun& run(std::size_t network) const { return *networks_[network].run; }
  std::size_t measurements(std::size_t network) const { return networks_[network].measurements; }

  /// As measured; NaN from the step on at which the network had diverged.
  double measured(std::size_t network, std::size_t measurement, std::size_t value) const;
  /// NaN throughout if the network ever diverged.
  double at(std::size_t network, std::size_t measurement, std::size_t value) const;
  double first(std::size_t network, std::size_t value) const { return at(network, 0, value); }
  double last(std::size_t network, std::size_t value) const {
    return at(network, measurements(network) - 1, value);
  }
  /// All measurements of one value, as at().
  std::vector<double> course(std::size_t network, std::size_t value) const;

 private:
  struct Network {
    const TrainingRun* run;
    const double* values;  ///< its first value at the first measurement
    std::size_t stride;    ///< to the next measurement
    std::size_t measurements;
    bool diverged;
  };
  std::vector<Network> networks_;
};

/// A number, or null if it is not finite.
Json number(double value);
Json numbers(std::span<const double> values);
/// 0 or 1, or null.
Json flag(double value);
/// "gap", 32 → "gap_w32".
std::string width_key(std::string_view name, int width);

/// Columns with one entry per network: trial, network, width, depth, learning_rate, diverged, and
/// for each named value the list of its measurements. `configurations` is that of one trial.
Json network_table(const NetworkValues& values, std::span<const Configuration> configurations,
                   std::span<const std::string_view> names);

}  // namespace axiom
