// links: axiom_transfer
#include "client/transfer/retry.h"

#include <gtest/gtest.h>

#include <vector>

namespace axiom {
namespace {

constexpr RetrySettings settings{10, 6 * 3600};

TEST(RetryDelay, IsUniformBelowABoundThatDoubles) {
  const std::vector<double> bounds = {10, 20, 40, 80, 160};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const int failures = static_cast<int>(i) + 1;
    EXPECT_EQ(retry_delay(settings, failures, {}, 0), 0);
    EXPECT_EQ(retry_delay(settings, failures, {}, 0.5), bounds[i] / 2);
    EXPECT_EQ(retry_delay(settings, failures, {}, 1), bounds[i]);
  }
}

TEST(RetryDelay, IsNeverBeyondSixHours) {
  for (const int failures : {13, 14, 31, 1000, 2147483647}) {
    EXPECT_EQ(retry_delay(settings, failures, {}, 1), 6 * 3600) << failures;
  }
  EXPECT_EQ(retry_delay(settings, 1, 1e9, 0.5), 6 * 3600);
}

TEST(RetryDelay, IsNoShorterThanTheServerAsks) {
  EXPECT_EQ(retry_delay(settings, 1, 120, 0.5), 120);
  EXPECT_EQ(retry_delay(settings, 9, 120, 0.5), 1280);
}

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_EQ(parse_retry_after("120", "", 0), 120);
  EXPECT_EQ(parse_retry_after("0", "", 0), 0);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:02:00 GMT", "", 20), 100);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:02:00 GMT", "", 500), 0);
  EXPECT_EQ(parse_retry_after("99999999999999999999999", "", 0), longest_delay);
  // By the server's clock, if it tells: this host's may be an hour off.
  const char* date = "Thu, 01 Jan 1970 01:02:00 GMT";
  EXPECT_EQ(parse_retry_after(date, "Thu, 01 Jan 1970 01:00:30 GMT", 20), 90);
  EXPECT_EQ(parse_retry_after(date, "Thu, 01 Jan 1970 01:00:30 GMT", 9999), 90);
  EXPECT_EQ(parse_retry_after(date, "today", 20), 3700);
  EXPECT_EQ(parse_retry_after("7", "Thu, 01 Jan 1970 01:00:30 GMT", 20), 7);
  for (const char* text : {"", "-1", "soon", "1.5", "12 x"}) {
    EXPECT_FALSE(parse_retry_after(text, "", 0).has_value()) << text;
  }
}

// A world whose clock only waiting moves.
struct SlowWorld {
  double now = 1000;
  std::vector<double> waits;
  RetryWorld world{[this] { return now; }, [] { return 0.5; },
                   [this](double seconds) {
                     now += seconds;
                     waits.push_back(seconds);
                   }};
};

const auto quiet = [](const TransferError&, double) {};

TEST(Retry, StopsAtSuccess) {
  SlowWorld slow;
  int calls = 0;
  int reports = 0;
  retry(
      settings, slow.world,
      [&] {
        if (++calls < 4) throw TransferError(TransferFailure::unreachable, true, "x");
      },
      [&](const TransferError&, double) { ++reports; });
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(reports, 3);
  EXPECT_EQ(slow.waits, (std::vector<double>{5, 10, 20}));
}

TEST(Retry, StopsAtOnceIfTimeDoesNotHelp) {
  SlowWorld slow;
  int calls = 0;
  const auto attempt = [&] {
    ++calls;
    throw TransferError(TransferFailure::tls_refused, false, "x");
  };
  EXPECT_THROW(retry(settings, slow.world, attempt, quiet), TransferError);
  EXPECT_EQ(calls, 1);
}

TEST(Retry, EndsWithPatienceAndNotBeyond) {
  for (const double patience : {0.0, 4.0, 100.0, 21600.0, 86400.0}) {
    SlowWorld slow;
    int calls = 0;
    const auto attempt = [&] {
      ++calls;
      throw TransferError(TransferFailure::timed_out, true, "x");
    };
    EXPECT_THROW(retry({10, patience}, slow.world, attempt, quiet), TransferError);
    EXPECT_LE(slow.now, 1000 + patience);
    EXPECT_EQ(calls, static_cast<int>(slow.waits.size()) + 1);
    EXPECT_EQ(calls == 1, patience < 5);
  }
}

TEST(Retry, RealWorldWaitsEndAtAStop) {
  int polls = 0;
  const RetryWorld world = real_retry_world([&] { return ++polls > 2 ? 15 : 0; });
  EXPECT_THROW(world.wait(3600), TransferStopped);
  for (int i = 0; i < 100; ++i) {
    const double value = world.random();
    EXPECT_TRUE(value >= 0 && value < 1);
  }
}

}  // namespace
}  // namespace axiom
