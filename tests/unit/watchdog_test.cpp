// When a run counts as stuck.
// links: axiom_options
#include "client/run/watchdog.h"

#include <gtest/gtest.h>

namespace axiom {
namespace {

TEST(Watchdog, BarksAfterTheLimitWithoutWork) {
  Watchdog watchdog(600);
  EXPECT_FALSE(watchdog.stuck(5, 1000, false));
  EXPECT_FALSE(watchdog.stuck(5, 1600, false));
  EXPECT_TRUE(watchdog.stuck(5, 1600.5, false));
}

TEST(Watchdog, AnyWorkStartsTheTimeAnew) {
  Watchdog watchdog(600);
  EXPECT_FALSE(watchdog.stuck(5, 0, false));
  EXPECT_FALSE(watchdog.stuck(6, 599, false));
  EXPECT_FALSE(watchdog.stuck(6, 1199, false));
  EXPECT_TRUE(watchdog.stuck(6, 1200, false));
}

TEST(Watchdog, SuspendedTimeDoesNotCount) {
  Watchdog watchdog(600);
  EXPECT_FALSE(watchdog.stuck(5, 0, false));
  EXPECT_FALSE(watchdog.stuck(5, 100000, true));
  EXPECT_FALSE(watchdog.stuck(5, 100600, false));
  EXPECT_TRUE(watchdog.stuck(5, 100601, false));
}

}  // namespace
}  // namespace axiom
