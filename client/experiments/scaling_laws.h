// Power laws of the test loss in parameters and data: what microscalev2 fits.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "client/experiments/experiment.h"
#include "client/experiments/results.h"
#include "client/experiments/statistics.h"

namespace axiom {

/// Values of one network at one measured step, in order.
inline constexpr std::array<std::string_view, 4> scaling_values = {"train_loss", "train_acc",
                                                                   "test_loss", "test_acc"};

/// 6 operations per parameter and sample seen in training.
double training_compute(const TrainingRun& run);

/// Ordinary least squares of ln(max(loss, 1e-10)) on ln(size); NaN losses are left out.
LinearFit power_law(std::span<const double> sizes, std::span<const double> losses);

/// 1 if the mean R² is above .8 and the mean exponent negative, else 0; NaN if either is undefined.
double scaling_holds(std::span<const double> exponents, std::span<const double> r_squared);

/// {"exponent", "log_prefactor", "r2"}
Json fit_json(const LinearFit& fit);

/// Final test losses on the grid depth × width × samples. Indices count the plan's lists.
class LossGrid {
 public:
  /// `values` must outlive this.
  LossGrid(const NetworkValues& values, std::size_t widths, std::vector<int> sample_counts)
      : values_(values), widths_(widths), counts_(std::move(sample_counts)) {}

  /// Over the widths, at the largest fraction.
  LinearFit parameter_fit(std::size_t depth) const;
  /// Over the fractions: the mean over the widths of the loss.
  LinearFit data_fit(std::size_t depth) const;
  LinearFit data_fit_of_width(std::size_t depth, std::size_t width) const;
  std::size_t widths() const { return widths_; }

  /// Networks that no other one beats in test loss with at most their compute, by rising compute.
  std::vector<std::size_t> pareto_frontier() const;

 private:
  std::size_t network(std::size_t depth, std::size_t width, std::size_t fraction) const;
  std::vector<double> sample_sizes() const { return {counts_.begin(), counts_.end()}; }

  const NetworkValues& values_;
  std::size_t widths_;
  std::vector<int> counts_;
};

}  // namespace axiom
