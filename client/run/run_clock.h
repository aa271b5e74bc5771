// How long a run has taken.
#pragma once

#include "client/system/clock.h"

namespace axiom {

/// Seconds of a run, without those of a suspension, nor of those in which the whole process stood
/// still (Ctrl-Z, a frozen control group): nothing tells a process of these, but it uses no
/// processor time meanwhile. Not for use by several threads at once.
class RunClock {
 public:
  explicit RunClock(const ProcessTime& now = process_time()) : asked_(now) {}

  /// Until now. To be asked several times a second.
  double seconds(const ProcessTime& now = process_time()) {
    const double passed = now.monotonic - asked_.monotonic;
    const double used = now.processor - asked_.processor;
    const bool stopped = passed > longest_silence && used < passed * least_use;
    if (!suspended_ && !stopped) seconds_ += passed;
    asked_ = now;
    return seconds_;
  }
  /// From now on nothing counts.
  void suspend(const ProcessTime& now = process_time()) {
    seconds(now);
    suspended_ = true;
  }
  void resume(const ProcessTime& now = process_time()) {
    seconds(now);
    suspended_ = false;
  }

 private:
  static constexpr double longest_silence = 5;  // seconds; shorter ones are those of a busy host
  static constexpr double least_use = 0.01;     // of one processor

  ProcessTime asked_;
  double seconds_ = 0;
  bool suspended_ = false;
};

}  // namespace axiom
