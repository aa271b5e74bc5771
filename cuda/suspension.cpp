#include "cuda/suspension.h"

#include <ctime>

namespace axiom::cuda {
namespace {

double seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

// One clock goes on meanwhile, the other does not. Read at one moment as far as can be told: this
// thread may stand still between two questions.
double seconds_suspended() {
  constexpr double moment = 1e-3;
  for (;;) {
    const double before = seconds(CLOCK_MONOTONIC);
    const double suspended = seconds(CLOCK_BOOTTIME) - before;
    if (seconds(CLOCK_MONOTONIC) - before < moment) return suspended;
  }
}

}  // namespace axiom::cuda
