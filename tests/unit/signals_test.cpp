// links: axiom_system axiom_test_support
#include "client/system/signals.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>
#include <csignal>

#include "tests/support/child_process.h"

namespace axiom {
namespace {

using testing::ChildProcess;

/// Waits for a first signal, then says so and, if told to, never ends by itself.
template <typename Ready>
int poll_for_stop(Ready ready, bool stay, SecondSignal second_signal = SecondSignal::exits) {
  install_stop_signals(second_signal);
  if (stop_signal() != 0) return 1;
  ready();
  while (stop_signal() == 0) ::usleep(1000);
  ready();
  while (stay) ::pause();
  return stop_signal() == SIGTERM ? 7 : 8;
}

TEST(Signals, OneSignalIsNoticedAndTheProcessEndsNormally) {
  ChildProcess child([](auto ready) { return poll_for_stop(ready, false); });
  ASSERT_TRUE(child.wait_until_ready());
  child.send(SIGTERM);
  EXPECT_EQ(child.wait(), 7);
}

TEST(Signals, TheFirstSignalIsTold) {
  ChildProcess child([](auto ready) { return poll_for_stop(ready, false); });
  ASSERT_TRUE(child.wait_until_ready());
  child.send(SIGINT);
  EXPECT_EQ(child.wait(), 8);
}

TEST(Signals, AClosedTerminalIsAStop) {
  ChildProcess child([](auto ready) { return poll_for_stop(ready, false); });
  ASSERT_TRUE(child.wait_until_ready());
  child.send(SIGHUP);
  EXPECT_EQ(child.wait(), 8);
}

TEST(Signals, ANohupStaysIgnored) {
  ChildProcess child([](auto ready) {
    std::signal(SIGHUP, SIG_IGN);
    return poll_for_stop(ready, false);
  });
  ASSERT_TRUE(child.wait_until_ready());
  child.send(SIGHUP);
  child.send(SIGTERM);
  EXPECT_EQ(child.wait(), 7);
}

constexpr int beyond_one_request = 150000;  // microseconds

TEST(Signals, TheSecondSignalEndsTheProcessAtOnce) {
  for (const int second : {SIGTERM, SIGINT}) {
    ChildProcess child([](auto ready) { return poll_for_stop(ready, true); });
    ASSERT_TRUE(child.wait_until_ready());
    child.send(SIGTERM);
    ASSERT_TRUE(child.wait_until_ready());  // the first one has been seen
    ::usleep(beyond_one_request);
    child.send(second);
    EXPECT_EQ(child.wait(), 128 + second);
  }
}

TEST(Signals, TheSecondSignalKillsWhereThatIsWanted) {
  for (const int second : {SIGTERM, SIGINT}) {
    ChildProcess child([](auto ready) { return poll_for_stop(ready, true, SecondSignal::kills); });
    ASSERT_TRUE(child.wait_until_ready());
    child.send(SIGTERM);
    ASSERT_TRUE(child.wait_until_ready());
    ::usleep(beyond_one_request);
    child.send(second);
    EXPECT_EQ(child.wait(), -second);
  }
}

TEST(Signals, ASignalThatIsSentTwiceIsOneRequest) {
  for (const SecondSignal second : {SecondSignal::exits, SecondSignal::kills}) {
    ChildProcess child([second](auto) {
      install_stop_signals(second);
      for (const int signal : {SIGTERM, SIGTERM, SIGINT}) std::raise(signal);
      return stop_signal() == SIGTERM ? 7 : 8;
    });
    EXPECT_EQ(child.wait(), 7);
  }
}

TEST(Signals, AClosedTerminalIsNoSecondSignal) {
  ChildProcess child([](auto) {
    install_stop_signals();
    for (const int signal : {SIGHUP, SIGHUP, SIGTERM, SIGHUP}) {
      std::raise(signal);
      ::usleep(beyond_one_request);
    }
    return stop_signal() == SIGHUP ? 7 : 8;
  });
  EXPECT_EQ(child.wait(), 7);
}

TEST(Signals, AUsedUpLimitOfTimeIsAStopThatLeavesTimeToSave) {
  ChildProcess child([](auto) {
    const rlimit limit{2, 2};  // as `ulimit -t 2`: at once the hard one
    if (::setrlimit(RLIMIT_CPU, &limit) != 0) return 1;
    install_stop_signals();
    while (stop_signal() == 0) {
    }
    std::raise(SIGXCPU);  // the system repeats it
    return stop_signal() == SIGXCPU ? 7 : 8;
  });
  EXPECT_EQ(child.wait(), 7);
}

TEST(Signals, OtherSignalsKeepTheirMeaning) {
  ChildProcess child([](auto ready) { return poll_for_stop(ready, true); });
  ASSERT_TRUE(child.wait_until_ready());
  child.send(SIGUSR1);
  EXPECT_EQ(child.wait(), -SIGUSR1);
}

}  // namespace
}  // namespace axiom
