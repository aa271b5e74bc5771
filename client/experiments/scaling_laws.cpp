#include "client/experiments/scaling_laws.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "client/arithmetic/functions64.h"

namespace axiom {

namespace {

constexpr std::size_t test_loss = 2;

}  // namespace

double training_compute(const TrainingRun& run) {
  return 6.0 * static_cast<double>(run.shape.parameters()) *
         static_cast<double>(run.samples_seen(run.steps));
}

LinearFit power_law(std::span<const double> sizes, std::span<const double> losses) {
  std::vector<double> x;
  std::vector<double> y;
  for (const double size : sizes) x.push_back(arithmetic::log(size));
  for (const double loss : losses) y.push_back(arithmetic::log(loss < 1e-10 ? 1e-10 : loss));
  return linear_fit(x, y);
}

double scaling_holds(std::span<const double> exponents, std::span<const double> r_squared) {
  const double r2 = mean(r_squared);
  const double exponent = mean(exponents);
  if (std::isnan(r2) || std::isnan(exponent)) return std::numeric_limits<double>::quiet_NaN();
  return r2 > .8 && exponent < 0 ? 1 : 0;
}

Json fit_json(const LinearFit& fit) {
  return {{"exponent", number(fit.slope)},
          {"log_prefactor", number(fit.intercept)},
          {"r2", number(fit.r_squared)}};
}

std::size_t LossGrid::network(std::size_t depth, std::size_t width, std::size_t fraction) const {
  return (depth * widths_ + width) * counts_.size() + fraction;
}

LinearFit LossGrid::parameter_fit(std::size_t depth) const {
  std::vector<double> sizes;
  std::vector<double> losses;
  for (std::size_t w = 0; w < widths_; ++w) {
    const std::size_t n = network(depth, w, counts_.size() - 1);
    sizes.push_back(static_cast<double>(values_.run(n).shape.parameters()));
    losses.push_back(values_.last(n, test_loss));
  }
  return power_law(sizes, losses);
}

LinearFit LossGrid::data_fit(std::size_t depth) const {
  std::vector<double> losses;
  for (std::size_t f = 0; f < counts_.size(); ++f) {
    std::vector<double> over_widths;
    for (std::size_t w = 0; w < widths_; ++w) {
      over_widths.push_back(values_.last(network(depth, w, f), test_loss));
    }
    losses.push_back(mean(over_widths));
  }
  return power_law(sample_sizes(), losses);
}

LinearFit LossGrid::data_fit_of_width(std::size_t depth, std::size_t width) const {
  std::vector<double> losses;
  for (std::size_t f = 0; f < counts_.size(); ++f) {
    losses.push_back(values_.last(network(depth, width, f), test_loss));
  }
  return power_law(sample_sizes(), losses);
}

std::vector<std::size_t> LossGrid::pareto_frontier() const {
  std::vector<std::size_t> order;
  for (std::size_t n = 0; n < values_.networks(); ++n) {
    if (!values_.diverged(n)) order.push_back(n);
  }
  const auto compute = [&](std::size_t n) { return training_compute(values_.run(n)); };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return compute(a) < compute(b); });
  std::vector<std::size_t> frontier;
  for (const std::size_t n : order) {
    const bool beaten = std::any_of(order.begin(), order.end(), [&](std::size_t other) {
      return compute(other) <= compute(n) &&
             values_.last(other, test_loss) < values_.last(n, test_loss);
    });
    if (!beaten) frontier.push_back(n);
  }
  return frontier;
}

}  // namespace axiom
