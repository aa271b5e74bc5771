#include "cpu/peak.h"

#include <algorithm>
#include <chrono>

namespace axiom::cpu {

namespace {

double rate(double (*chain)(std::int64_t rounds), std::int64_t rounds) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const double flops = chain(rounds);
  const std::chrono::duration<double> seconds = Clock::now() - start;
  return flops / std::max(seconds.count(), 1e-9);
}

}  // namespace

// The best: an interruption by the system makes a trial slower, nothing makes it faster.
double measure_peak(double (*chain)(std::int64_t rounds), std::int64_t rounds) {
  double best = 0;
  for (int trial = 0; trial < 3; ++trial) best = std::max(best, rate(chain, rounds));
  return best;
}

double peak_ratio(double (*chain)(std::int64_t rounds), double (*other)(std::int64_t rounds),
                  std::int64_t rounds) {
  double best = 0;
  double best_other = 0;
  for (int trial = 0; trial < 8; ++trial) {
    best = std::max(best, rate(chain, rounds));
    best_other = std::max(best_other, rate(other, rounds));
  }
  return best / best_other;
}

}  // namespace axiom::cpu
