#include "client/experiments/mixture_bayes.h"

#include <cstddef>
#include <vector>

#include "client/arithmetic/functions64.h"

namespace axiom {

BayesScore bayes_score(const Dataset& data, std::span<const float> centres, int classes) {
  const auto features = static_cast<std::size_t>(data.features);
  std::vector<double> log_density(static_cast<std::size_t>(classes));
  double loss = 0;
  int right = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(data.samples); ++i) {
    const auto label = static_cast<std::size_t>(data.labels[i]);
    std::size_t best = 0;
    for (std::size_t k = 0; k < log_density.size(); ++k) {
      double squares = 0;
      for (std::size_t j = 0; j < features; ++j) {
        const double difference = static_cast<double>(data.inputs[i * features + j]) -
                                  static_cast<double>(centres[k * features + j]);
        squares += difference * difference;
      }
      log_density[k] = -0.5 * squares;
      if (log_density[k] > log_density[best]) best = k;
    }
    double sum = 0;
    for (const double value : log_density) sum += arithmetic::exp(value - log_density[best]);
    loss += (log_density[best] - log_density[label]) + arithmetic::log(sum);
    right += best == label;
  }
  return {loss / data.samples, static_cast<double>(right) / data.samples};
}

}  // namespace axiom
