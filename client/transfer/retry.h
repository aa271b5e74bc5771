// When to try again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "client/transfer/failure.h"

namespace axiom {

inline constexpr double longest_delay = 6 * 3600;  ///< seconds between two attempts

struct RetrySettings {
  double first_delay = 10;     ///< seconds; the bound of the first delay, doubled each time
  double patience = 6 * 3600;  ///< seconds from the first attempt to the last; 0 = one attempt
};

/// Seconds before attempt `failures` + 1: uniform between 0 and min(first_delay · 2^(failures−1),
/// 6 h) ("full jitter": hosts that failed together do not come back together), but no less than
/// the server asks for, as far as that is below 6 h. `random` is uniform in [0, 1).
double retry_delay(const RetrySettings& settings, int failures, std::optional<double> retry_after,
                   double random);

/// Retry-After as seconds from now: a number or an HTTP date; nothing if it is neither. Not
/// negative. A date is by the server's clock, which the answer's Date tells; `now` (UTC seconds
/// since 1970, by this host's) serves if that is missing or no date.
std::optional<double> parse_retry_after(const std::string& value, const std::string& server_date,
                                        double now);

/// What retrying needs of the world; replaced in tests.
struct RetryWorld {
  std::function<double()> monotonic;         ///< seconds
  std::function<double()> random;            ///< uniform in [0, 1)
  std::function<void(double seconds)> wait;  ///< may throw TransferStopped
};

/// Clock, randomness and sleep of this host; waiting ends at once if `stop_signal` is not 0.
RetryWorld real_retry_world(std::function<int()> stop_signal);

/// Calls `attempt` until it returns. Rethrows its TransferError if that is not transient or if
/// patience would end before the next attempt. `report` hears of each failure and the delay.
void retry(const RetrySettings& settings, const RetryWorld& world,
           const std::function<void()>& attempt,
           const std::function<void(const TransferError&, double delay)>& report);

}  // namespace axiom
