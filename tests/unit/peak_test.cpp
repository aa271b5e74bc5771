// links: axiom_cpu
// Rates of chains, of chains that take a known time.
#include "cpu/peak.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace axiom::cpu {
namespace {

/// Returns `flops` after 0.2 ms, or later if the host is busy.
double chain(double flops) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + std::chrono::microseconds(200);
  while (Clock::now() < end) {
  }
  return flops;
}
double chain_of_800(std::int64_t) { return chain(800); }
double chain_of_100(std::int64_t) { return chain(100); }

/// As chain_of_800(), but disturbed in every fourth trial.
double disturbed_chain(std::int64_t) {
  static int trial = 0;
  if (trial++ % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return chain(800);
}

TEST(Peak, IsThatOfTheBestTrial) {
  EXPECT_NEAR(measure_peak(disturbed_chain, 1), 800 / 200e-6, 0.3 * 800 / 200e-6);
}

TEST(Peak, RatioIsOfTheFirstToTheSecond) {
  EXPECT_NEAR(peak_ratio(chain_of_800, chain_of_100, 1), 8, 2);
  EXPECT_NEAR(peak_ratio(chain_of_100, disturbed_chain, 1), 0.125, 0.03);
}

}  // namespace
}  // namespace axiom::cpu
