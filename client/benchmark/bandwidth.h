// Memory bandwidth of the host.
#pragma once

#include <cstddef>

#include "client/benchmark/statistic.h"

namespace axiom {

/// Bytes per second of the triad a[i] = b[i] + s·c[i] in double, each thread with its own part of
/// three arrays of `array_bytes` each. 24 bytes count per element, as in McCalpin's
/// STREAM: what the processor reads before it writes is not counted. After one pass unmeasured, a
/// sample is one pass; `runs` samples.
Statistic measure_bandwidth(std::size_t array_bytes, int threads, int runs);

}  // namespace axiom
