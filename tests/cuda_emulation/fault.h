// What goes wrong on the emulated device, and when.
#pragma once

#include <cstdint>
#include <string>

namespace axiom::cuda {

/// AXIOM_EMULATED_FAULT: lose:N = the device is lost at launch N; fail:N = it is lost while launch
/// N is at work; hang:N = launch N never ends; idle:N =
/// from launch N on they end without having done anything; full:N = from launch N on others have
/// all free memory; flip:N:SEED = after launch N a random bit of a random block of memory is
/// flipped; flips:N:SEED = after every launch from N on; skew:N = from launch N on every network
/// that is trained gets the same wrong bit, so that doing it twice shows nothing; spoil:N = once,
/// from launch N on, a matrix whose eigenvalues are wanted is not finite; spoils:N = each time.
/// With
/// "@D" at the end: of device D only; launches of all are counted.
struct Fault {
  long device = 0;
  std::string action;
  long at = -1;
  std::uint64_t seed = 0;
};
/// That of the environment for a device; no action: none.
Fault planned_fault(long device);

}  // namespace axiom::cuda
