// Statistics of short series, in double, summed in index order. NaN means undefined throughout:
// NaN entries are left out, and a statistic of too few entries is NaN.
#pragma once

#include <span>

namespace axiom {

/// Arithmetic mean; NaN of nothing.
double mean(std::span<const double> values);
/// Sample standard deviation (n − 1); NaN of fewer than two.
double sample_sd(std::span<const double> values);
/// Population standard deviation (n); NaN of nothing.
double population_sd(std::span<const double> values);
/// One-sample t = mean / (SD / √n); NaN of fewer than two entries or of SD 0.
double t_statistic(std::span<const double> values);

/// 1 if each entry is greater than the one before, else 0; NaN of fewer than two.
double strictly_rising(std::span<const double> values);
/// 1 if each entry is less than the one before, else 0; NaN of fewer than two.
double strictly_falling(std::span<const double> values);

/// y = intercept + slope · x.
struct LinearFit {
  double slope;
  double intercept;
  double r_squared;  ///< squared correlation; NaN if all y are equal
};

/// Ordinary least squares over the points with both coordinates defined. All NaN of fewer than two
/// points or if all x are equal. REQUIRES: x and y are equally long.
LinearFit linear_fit(std::span<const double> x, std::span<const double> y);

}  // namespace axiom
