// The kernels as the compiler left them, embedded in the executable: one binary image per
// architecture, and portable code (PTX) for newer ones.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace axiom::cuda {

struct Image {
  const char* kernel;  ///< source: "block_kernel", "team_kernel", "measure_kernel"
  int capability;      ///< 10 · major + minor: 86 for 8.6
  bool portable;       ///< PTX
  int driver_version;  ///< the oldest that loads it
  /// All images of the kernel, packed by xz: a line with their sizes in bytes, then one after the
  /// other.
  const unsigned char* archive;
  std::size_t archive_bytes;
  std::size_t number;  ///< in the archive, from 0
};

/// All that this build has; empty if there was no CUDA compiler.
std::span<const Image> images();

/// The image as the driver wants it, with a 0 behind it. std::runtime_error: damaged.
std::string unpacked(const Image& image);

/// The image for a device: same major and highest minor capability up to the device's, else the
/// newest PTX not newer than the device. DeviceError (unsupported, driver_too_old).
const Image& choose_image(std::span<const Image> images, const std::string& kernel, int capability,
                          int driver_version);

}  // namespace axiom::cuda
