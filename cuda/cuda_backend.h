// NVIDIA GPUs as backends: one per device, or one that says why there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "client/plan/backend.h"
#include "client/plan/device_defaults.h"
#include "cuda/suspension.h"

namespace axiom {

/// How devices are used; set before work begins.
struct CudaOptions {
  double launch_seconds =
      default_launch_seconds;                  ///< a launch ends with the first step after so long
  double replay_share = default_replay_share;  ///< of all work, done twice and compared
  std::uint64_t memory_limit =
      0;  ///< bytes of device memory that may be used; 0 = 80 % of the free
  double (*seconds_suspended)() = &cuda::seconds_suspended;
};

/// The backend of a device, whether the device exists or not: "cuda:0" and so on. `processor`
/// computes the metrics, and what is compared with the processor. Lives as long as the program.
const Backend& cuda_backend(int ordinal, const Backend& processor);
/// Those of all devices, at least one.
std::vector<const Backend*> cuda_backends(const Backend& processor);

/// DeviceError: "backend cuda:N cannot run on this host: …".
void require_cuda_device(int ordinal);

void set_cuda_options(const CudaOptions& options);

}  // namespace axiom
