// Time, for telemetry and cadence only; no result depends on it.
#pragma once

#include <optional>
#include <string>

namespace axiom {

/// Seconds since an arbitrary start; never steps back.
double monotonic_seconds();

struct ProcessTime {
  double monotonic;  ///< monotonic_seconds()
  double processor;  ///< seconds used by this process, all threads together
};
ProcessTime process_time();

/// Now, as ISO 8601 in UTC with seconds: 2026-01-31T12:00:00Z.
std::string utc_timestamp();

/// Seconds since 1970 by the system's clock, which may be wrong or jump.
double utc_seconds();

/// A text as utc_timestamp() writes it, as seconds since 1970; nothing if it is none.
std::optional<double> parse_utc(const std::string& text);

}  // namespace axiom
