#include "cpu/peak.h"

#include <algorithm>
#include <chrono>

namespace axiom::cpu {

// The best: an interruption by the system makes a trial slower, nothing makes it faster.
double measure_peak(double (*chain)(std::int64_t rounds), std::int64_t rounds) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int trial = 0; trial < 3; ++trial) {
    const Clock::time_point start = Clock::now();
    const double flops = chain(rounds);
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, flops / std::max(seconds.count(), 1e-9));
  }
  return best;
}

}  // namespace axiom::cpu
