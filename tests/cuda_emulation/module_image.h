// What a driver reads in an image of kernels before it loads it.
#pragma once

#include <optional>
#include <set>
#include <string>

namespace axiom::cuda::emulation {

struct ModuleImage {
  bool portable = false;  ///< PTX
  int capability = 0;     ///< that it was compiled for: 86 for 8.6
  std::set<std::string> kernels;

  bool runs_on(int device_capability) const {
    if (portable) return capability <= device_capability;
    return capability / 10 == device_capability / 10 && capability <= device_capability;
  }
};

/// Nothing if this is neither an ELF file for NVIDIA GPUs nor PTX. As with the real function there
/// is no length: the file's own headers are believed.
std::optional<ModuleImage> read_image(const void* image);

}  // namespace axiom::cuda::emulation
