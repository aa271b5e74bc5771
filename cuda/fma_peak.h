// The yardstick of a device's speed.
#pragma once

#include "cuda/device.h"

namespace axiom::cuda {

/// Fused multiply-adds of the whole device in FLOP/s, a multiply-add counted as two: the best of
/// several launches of some milliseconds.
double measure_fma_peak(const Device& device);

}  // namespace axiom::cuda
