// From the accuracies of compgen's networks to its reported numbers.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/experiments/configuration.h"
#include "client/experiments/experiment.h"
#include "client/experiments/results.h"

namespace axiom {

/// Values of one network at one measured step, in order.
inline constexpr std::array<std::string_view, 3> compgen_values = {"train_acc", "id_acc",
                                                                   "ood_acc"};

/// (dropout, weight decay)
using Regularizer = std::pair<double, double>;

/// Flat keys and details of the networks with one regularizer. The arguments must outlive this.
class RegularizerSummary {
 public:
  RegularizerSummary(const Parameters& parameters, std::span<const Configuration> configurations,
                     const NetworkValues& values, const Regularizer& regularizer);

  /// Accuracies, gaps, gap differences and monotonicity over trials, depths and rates.
  Json flat() const;
  /// The same, and by trial.
  Json detail() const;

 private:
  bool has(int width) const;
  /// Widths whose gap is compared with that of width 32, as far as they are in the plan.
  std::vector<int> compared_widths() const;
  double gap(std::size_t network, std::size_t measurement) const;

  /// f(network) of the networks of a width, in one trial or in all.
  template <class F>
  std::vector<double> gather(int width, int trial, F f) const;
  template <class F>
  void add(Json& keys, std::string_view name, int width, F f) const;

  std::vector<double> final_gaps(int width, int trial) const;
  std::vector<double> gaps_by_trial(int width) const;
  std::vector<double> gap_differences(int width) const;
  /// 1 if the mean final gaps rise strictly over the widths (the published ones, or all).
  double monotone(bool published_only, int trial) const;

  std::span<const Configuration> configurations_;
  const NetworkValues& values_;
  std::vector<int> widths_;
  int trials_;
  Regularizer regularizer_;
};

}  // namespace axiom
