// What a device does at most, beside what training reaches on it.
#pragma once

#include <functional>

#include "client/benchmark/report.h"
#include "client/plan/backend.h"

namespace axiom {

struct YardstickOptions {
  int runs = 7;                                             ///< of every figure
  std::function<bool()> time_is_up = [] { return false; };  ///< then one run is enough
  std::function<void()> between = [] {};                    ///< called before each run; may throw
};

/// Sets report.yardsticks and the products beside report.steps; nothing on a processor. The library
/// of products is no part of the backend: if it fails, the report says so. DeviceError: the device
/// fails.
void measure_yardsticks(const Backend& backend, BackendReport& report,
                        const YardstickOptions& options);

}  // namespace axiom
