// Notices that the system's clock was set back.
#pragma once

#include <algorithm>
#include <limits>

namespace axiom::boinc {

/// BOINC's library (7.20.5 and later) waits by the system's clock: set back by an hour, its thread
/// sleeps for that hour, and hears of no suspension and no request to quit.
class ClockWatch {
 public:
  /// Whether the clock `utc` (seconds) is by more than five seconds behind what it was, compared
  /// with a clock that cannot be set. Once so, always so.
  bool set_back(double utc, double monotonic) {
    const double lead = utc - monotonic;
    most_lead_ = std::max(most_lead_, lead);
    set_back_ = set_back_ || lead < most_lead_ - tolerance;
    return set_back_;
  }

 private:
  static constexpr double tolerance = 5;
  double most_lead_ = -std::numeric_limits<double>::infinity();
  bool set_back_ = false;
};

}  // namespace axiom::boinc
