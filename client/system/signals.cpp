#include "client/system/signals.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
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
  // A used up limit of processor time is told every second.
  if (signal == SIGHUP || signal == SIGXCPU) return;
  const std::int64_t now = milliseconds();
  std::int64_t first = 0;
  if (first_asked.compare_exchange_strong(first, now) || now - first < one_request) return;
  if (!second_kills) ::_exit(128 + signal);
  // It is blocked here: it strikes when this function returns.
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// `ulimit -t N` sets both limits: at the hard one the system kills without a word. What is left
// between them is for saving.
void leave_time_to_save() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) return;
  const rlim_t for_saving = std::clamp<rlim_t>(limit.rlim_max / 10, 1, 60);  // seconds, all threads
  if (limit.rlim_max < 2 * for_saving) return;
  limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max - for_saving);
  ::setrlimit(RLIMIT_CPU, &limit);
}

}  // namespace

void install_stop_signals(SecondSignal second) {
  second_kills = second == SecondSignal::kills;
  struct sigaction action {};
  action.sa_handler = record_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGXCPU}) {
    // Under nohup a hang-up stays ignored.
    struct sigaction before {};
    if ((signal == SIGHUP || signal == SIGXCPU) && ::sigaction(signal, nullptr, &before) == 0 &&
        before.sa_handler == SIG_IGN) {
      continue;
    }
    if (::sigaction(signal, &action, nullptr) == -1) {
      throw std::runtime_error("cannot handle signal " + std::to_string(signal) + ": " +
                               std::system_category().message(errno));
    }
  }
  leave_time_to_save();
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    case SIGXCPU:
      return "SIGXCPU";
    default:
      return "signal " + std::to_string(signal);
  }
}

int stop_signal() { return first_signal.load(std::memory_order_relaxed); }

}  // namespace axiom
