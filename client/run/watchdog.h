// Notices a run that no longer gets anywhere.
#pragma once

#include <algorithm>
#include <cstdint>

namespace axiom {

/// Time without a finished training step or a finished piece of an evaluation or a metric: on a
/// slow host those of one seed take longer than any limit that is of use, with no step in between.
/// A run that is suspended is not stuck, nor is one whose whole process stood still (SIGSTOP, a
/// frozen control group).
class Watchdog {
 public:
  /// `limit` in seconds.
  explicit Watchdog(double limit) : limit_(limit) {}

  /// To be asked several times a second. `flops`, `pieces`: as RunProgress counts them; `now`:
  /// monotonic seconds. True once both have stayed the same for longer than the limit.
  bool stuck(double flops, std::uint64_t pieces, double now, bool suspended) {
    if (!started_ || suspended || flops != flops_ || pieces != pieces_) {
      started_ = true;
      flops_ = flops;
      pieces_ = pieces;
      idle_ = 0;
    } else {
      idle_ += std::min(now - asked_, longest_interval);
    }
    asked_ = now;
    return idle_ > limit_;
  }

 private:
  static constexpr double longest_interval = 1;  // seconds; beyond it nobody was there to ask

  double limit_;
  bool started_ = false;
  double flops_ = 0;
  std::uint64_t pieces_ = 0;
  double asked_ = 0;
  double idle_ = 0;
};

}  // namespace axiom
