// Networks that one launch trains together: same kernel, same size of block.
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/device.h"
#include "cuda/kernels/jobs.h"
#include "cuda/resources.h"

namespace axiom::cuda {

/// How a kernel is launched on persistent blocks that take jobs from a list.
struct LaunchShape {
  const Kernel* kernel = nullptr;
  int threads = 0;
  std::size_t shared_bytes = 0;
  bool in_teams = false;
  bool evaluation = false;
  int resident = 0;        ///< blocks that the device holds at once
  int jobs_per_block = 1;  ///< for kernels whose threads each take a job
  double piece_flops = 0;  ///< at most between two looks at the clock; 0: hardly any

  /// Blocks for so many jobs, and how many of them share a job when a launch may last `seconds`.
  int blocks_per_team(std::size_t jobs, const DeviceFacts& facts, double seconds) const;
  int blocks(std::size_t jobs, int blocks_per_team) const;
  /// After so long such a team begins nothing more: a launch lasts as long as what it has begun.
  double time_to_begin(int blocks_per_team, const DeviceFacts& facts, double seconds) const;

 private:
  /// At most, for one block.
  double piece_seconds(const DeviceFacts& facts) const;
};

/// Starts `kernel` on jobs that lie on the device. `control`: device memory for LaunchState and the
/// teams, control_bytes().
void launch(const Device& device, const LaunchShape& shape, DevicePointer jobs, std::size_t count,
            DevicePointer control, double seconds, Stream& stream);
/// Every launch does something, however short it may be. A device whose launches end without that,
/// and without an error, would be launched on for ever.
class StallGuard {
 public:
  /// `advanced`: whether the launch did anything. DeviceError (lost) after many that did not.
  void launched(bool advanced);

 private:
  int idle_in_a_row_ = 0;
};
/// Bytes of control memory for any launch of this shape.
std::size_t control_bytes(const LaunchShape& shape);

struct LaunchGroup {
  LaunchShape shape;
  std::vector<TrainingJob> jobs;
  std::vector<std::size_t> copies;  ///< TrainingBatch's, of each job
  DevicePointer jobs_on_device = 0;
  DevicePointer control = 0;
};

}  // namespace axiom::cuda
