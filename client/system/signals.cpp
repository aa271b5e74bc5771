#include "client/system/signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>

namespace axiom {
namespace {

std::atomic<int> first_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "needed in a signal handler");

std::atomic<bool> second_kills{false};
static_assert(std::atomic<bool>::is_always_lock_free, "likewise");

extern "C" void record_stop_signal(int signal) {
  int none = 0;
  if (first_signal.compare_exchange_strong(none, signal)) return;
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
