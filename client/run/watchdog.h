// Notices a run that no longer gets anywhere.
#pragma once

namespace axiom {

/// Time without a finished training step. A suspended run is not stuck.
class Watchdog {
 public:
  /// `limit` in seconds.
  explicit Watchdog(double limit) : limit_(limit) {}

  /// `work`: any measure of what is done; `now`: monotonic seconds. True once `work` has stayed the
  /// same for longer than the limit.
  bool stuck(double work, double now, bool suspended) {
    if (!started_ || suspended || work != work_) {
      started_ = true;
      work_ = work;
      since_ = now;
    }
    return now - since_ > limit_;
  }

 private:
  double limit_;
  bool started_ = false;
  double work_ = 0;
  double since_ = 0;
};

}  // namespace axiom
