// The CUDA driver library of this host, loaded when it is first asked for.
#pragma once

#include <stdexcept>
#include <string>

#include "client/plan/device_error.h"
#include "cuda/driver_api.h"

namespace axiom::cuda {

struct Driver {
  int version = 0;  ///< 12020 = CUDA 12.2
#define AXIOM_CUDA_MEMBER(member, symbol, parameters) Result(*member) parameters = nullptr;
  AXIOM_CUDA_FUNCTIONS(AXIOM_CUDA_MEMBER)
#undef AXIOM_CUDA_MEMBER

  /// "CUDA_ERROR_LAUNCH_FAILED (unspecified launch failure)".
  std::string describe(Result result) const;
  /// DeviceError if `result` is an error: what failed, how, and what to do.
  void check(Result result, const std::string& what) const;
};

/// The driver, initialised. DeviceError: none installed, one that cannot be loaded, lacks functions
/// or does not answer.
const Driver& driver();

/// The end of a message about a device that is not there: the environment hides some. Empty if not.
std::string hidden_devices();

/// "12.2" for 12020.
std::string readable_version(int version);

}  // namespace axiom::cuda
