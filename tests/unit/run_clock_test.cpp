// Which time of a run counts.
// links: axiom_options
#include "client/run/run_clock.h"

#include <gtest/gtest.h>

namespace axiom {
namespace {

TEST(RunClock, CountsWhatPassesBetweenQuestions) {
  RunClock clock({100, 7});
  EXPECT_EQ(clock.seconds({100, 7}), 0);
  EXPECT_EQ(clock.seconds({104, 7}), 4);  // another process had the processor
  EXPECT_EQ(clock.seconds({108.5, 7}), 8.5);
}

TEST(RunClock, AProcessThatUsedNoProcessorStoodStill) {
  RunClock clock({0, 0});
  EXPECT_EQ(clock.seconds({1, 1}), 1);
  EXPECT_EQ(clock.seconds({3601, 1.01}), 1);
  EXPECT_EQ(clock.seconds({3602, 2}), 2);
}

TEST(RunClock, ALongSilenceOfAProcessThatComputesCounts) {
  RunClock clock({0, 0});
  EXPECT_EQ(clock.seconds({60, 59}), 60);
  EXPECT_EQ(clock.seconds({120, 60}), 120);
}

TEST(RunClock, ASuspensionDoesNotCount) {
  RunClock clock({0, 0});
  clock.suspend({2, 2});
  EXPECT_EQ(clock.seconds({3, 2}), 2);
  clock.resume({4, 2});
  EXPECT_EQ(clock.seconds({5, 3}), 3);
}

}  // namespace
}  // namespace axiom
