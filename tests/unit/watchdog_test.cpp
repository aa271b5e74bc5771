// When a run counts as stuck.
// links: axiom_options
#include "client/run/watchdog.h"

#include <gtest/gtest.h>

namespace axiom {
namespace {

// Asked every second from `from` to `until`, with nothing done in between: when it barks; -1:
// never.
double barks(Watchdog& watchdog, double from, double until, double flops = 5,
             std::uint64_t pieces = 0) {
  for (double now = from; now <= until; now += 1) {
    if (watchdog.stuck(flops, pieces, now, false)) return now;
  }
  return -1;
}

TEST(Watchdog, BarksAfterTheLimitWithoutWork) {
  Watchdog watchdog(600);
  EXPECT_EQ(barks(watchdog, 1000, 2000), 1601);
}

TEST(Watchdog, AStepOrAPieceStartsTheTimeAnew) {
  Watchdog watchdog(600);
  EXPECT_EQ(barks(watchdog, 0, 599), -1);
  EXPECT_EQ(barks(watchdog, 600, 1199, 6), -1);
  EXPECT_EQ(barks(watchdog, 1200, 1799, 6, 1), -1);
  EXPECT_EQ(barks(watchdog, 1800, 3000, 6, 1), 1801);
}

TEST(Watchdog, APieceCountsBesideAnyNumberOfOperations) {
  Watchdog watchdog(600);
  EXPECT_EQ(barks(watchdog, 0, 599, 1e18, 1), -1);
  EXPECT_EQ(barks(watchdog, 600, 1199, 1e18, 2), -1);
}

TEST(Watchdog, SuspendedTimeDoesNotCount) {
  Watchdog watchdog(600);
  EXPECT_EQ(barks(watchdog, 0, 500), -1);
  EXPECT_FALSE(watchdog.stuck(5, 0, 100000, true));
  EXPECT_EQ(barks(watchdog, 100000, 101000), 100601);
}

TEST(Watchdog, TimeInWhichTheProcessStoodStillDoesNotCount) {
  Watchdog watchdog(600);
  EXPECT_EQ(barks(watchdog, 0, 500), -1);
  EXPECT_FALSE(watchdog.stuck(5, 0, 100000, false));
  EXPECT_EQ(barks(watchdog, 100001, 101000), 100100);
}

}  // namespace
}  // namespace axiom
