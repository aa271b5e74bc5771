#include "client/system/signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <stdexcept>
#include <string>
#include <system_error>

namespace axiom {
namespace {

std::atomic<int> first_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "needed in a signal handler");

/// When the first SIGINT or SIGTERM came, in milliseconds; 0 = none did.
std::atomic<std::int64_t> first_asked{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "likewise");

std::atomic<bool> second_kills{false};
static_assert(std::atomic<bool>::is_always_lock_free, "likewise");

/// timeout(1) sends its signal twice, to its child and to the group that this is in.
constexpr std::int64_t one_request = 100;  // milliseconds

std::int64_t milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

extern "C" void record_stop_signal(int signal) {
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
  // Of a terminal that closes both its shell and the kernel tell; at a shutdown it follows SIGTERM.
  if (signal == SIGHUP) return;
  const std::int64_t now = milliseconds();
  std::int64_t first = 0;
  if (first_asked.compare_exchange_strong(first, now) || now - first < one_request) return;
  if (!second_kills) ::_exit(128 + signal);
  // It is blocked here: it strikes when this function returns.
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void install_stop_signals(SecondSignal second) {
  second_kills = second == SecondSignal::kills;
  struct sigaction action {};
  action.sa_handler = record_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // Under nohup a hang-up stays ignored.
    struct sigaction before {};
    if (signal == SIGHUP && ::sigaction(signal, nullptr, &before) == 0 &&
        before.sa_handler == SIG_IGN) {
      continue;
    }
    if (::sigaction(signal, &action, nullptr) == -1) {
      throw std::runtime_error("cannot handle signal " + std::to_string(signal) + ": " +
                               std::system_category().message(errno));
    }
  }
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "signal " + std::to_string(signal);
  }
}

int stop_signal() { return first_signal.load(std::memory_order_relaxed); }

}  // namespace axiom
