// Whether the computer was suspended: what a device's memory held may be gone then, without any
// call of the driver that fails.
#pragma once

namespace axiom::cuda {

/// Seconds that the computer was suspended, to memory or to disk, since it was started.
double seconds_suspended();

}  // namespace axiom::cuda
