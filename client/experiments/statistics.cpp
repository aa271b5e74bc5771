#include "client/experiments/statistics.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "client/arithmetic/ops.h"

namespace axiom {

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

std::vector<double> defined(std::span<const double> values) {
  std::vector<double> kept;
  kept.reserve(values.size());
  for (const double value : values) {
    if (!std::isnan(value)) kept.push_back(value);
  }
  return kept;
}

double plain_mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Σ (a − mean a)(b − mean b)
double centred_product(std::span<const double> a, std::span<const double> b) {
  const double mean_a = plain_mean(a);
  const double mean_b = plain_mean(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum;
}

double standard_deviation(std::span<const double> values, std::size_t lost_degrees) {
  const std::vector<double> kept = defined(values);
  if (kept.size() <= lost_degrees) return undefined;
  return arithmetic::sqrt(centred_product(kept, kept) /
                          static_cast<double>(kept.size() - lost_degrees));
}

template <class Order>
double strictly_ordered(std::span<const double> values, Order order) {
  const std::vector<double> kept = defined(values);
  if (kept.size() < 2) return undefined;
  for (std::size_t i = 1; i < kept.size(); ++i) {
    if (!order(kept[i - 1], kept[i])) return 0;
  }
  return 1;
}

}  // namespace

double mean(std::span<const double> values) {
  const std::vector<double> kept = defined(values);
  return kept.empty() ? undefined : plain_mean(kept);
}

double sample_sd(std::span<const double> values) { return standard_deviation(values, 1); }
double population_sd(std::span<const double> values) { return standard_deviation(values, 0); }

double t_statistic(std::span<const double> values) {
  const double sd = sample_sd(values);
  if (!(sd > 0)) return undefined;
  const auto count = static_cast<double>(defined(values).size());
  return mean(values) / (sd / arithmetic::sqrt(count));
}

double strictly_rising(std::span<const double> values) {
  return strictly_ordered(values, [](double a, double b) { return a < b; });
}
double strictly_falling(std::span<const double> values) {
  return strictly_ordered(values, [](double a, double b) { return a > b; });
}

LinearFit linear_fit(std::span<const double> x, std::span<const double> y) {
  std::vector<double> kept_x;
  std::vector<double> kept_y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    kept_x.push_back(x[i]);
    kept_y.push_back(y[i]);
  }
  if (kept_x.size() < 2) return {undefined, undefined, undefined};
  const double xx = centred_product(kept_x, kept_x);
  const double yy = centred_product(kept_y, kept_y);
  const double xy = centred_product(kept_x, kept_y);
  if (!(xx > 0)) return {undefined, undefined, undefined};
  const double slope = xy / xx;
  const double intercept = plain_mean(kept_y) - slope * plain_mean(kept_x);
  return {slope, intercept, yy > 0 ? (xy / xx) * (xy / yy) : undefined};
}

}  // namespace axiom
