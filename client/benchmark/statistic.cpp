#include "client/benchmark/statistic.h"

#include <algorithm>

namespace axiom {

Statistic statistic(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const std::size_t middle = samples.size() / 2;
  const bool odd = samples.size() % 2 == 1;
  const double median = odd ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
  const double range = samples.back() - samples.front();
  return {static_cast<int>(samples.size()), median, median > 0 ? range / median : 0,
          samples.back()};
}

}  // namespace axiom
