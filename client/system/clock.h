// Time, for telemetry and cadence only; no result depends on it.
#pragma once

#include <string>

namespace axiom {

/// Seconds since an arbitrary start; never steps back.
double monotonic_seconds();

/// Now, as ISO 8601 in UTC with seconds: 2026-01-31T12:00:00Z.
std::string utc_timestamp();

}  // namespace axiom
