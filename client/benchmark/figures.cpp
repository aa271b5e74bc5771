#include "client/benchmark/figures.h"

#include <cmath>
#include <limits>
#include <utility>

namespace axiom {

double geometric_mean(const BackendReport& report) {
  double logarithms = 0;
  for (const ExperimentReport& e : report.experiments) {
    logarithms += std::log(e.seeds_per_hour_all_threads);
  }
  const auto count = static_cast<double>(report.experiments.size());
  return count > 0 ? std::exp(logarithms / count) : 0;
}

double noise(const std::vector<BackendReport>& backends) {
  std::vector<double> spreads;
  for (const BackendReport& backend : backends) {
    for (const StepReport& step : backend.steps) spreads.push_back(step.rate.spread);
  }
  return statistic(std::move(spreads)).median;
}

double nearest_rate(const BackendReport& report, const TrainingRun& run) {
  const bool full = run.batch_size() == run.samples;
  const double width = run.shape.sizes[1];
  double nearest = std::numeric_limits<double>::infinity();
  double rate = 0;
  for (const StepReport& step : report.steps) {
    const double distance =
        std::fabs(std::log2(width / step.width)) + (full == (step.batch == 0) ? 0 : 100);
    if (distance >= nearest) continue;
    nearest = distance;
    rate = step.rate.highest;
  }
  return rate;
}

}  // namespace axiom
