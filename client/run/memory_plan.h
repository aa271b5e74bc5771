// The memory that a work unit will take, known before it starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "checkpoint/checkpoint.h"
#include "client/experiments/experiment.h"
#include "client/plan/backend.h"
#include "client/system/memory.h"

namespace axiom {

/// The host is too small for the work unit; one line with the numbers.
class NotEnoughMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Bytes at the moment of the highest use.
struct MemoryPlan {
  /// Code and allocator as measured (docs/PERFORMANCE_CHANGES.md), and what a thread adds. Not
  /// libcurl: by the time of the plan it is loaded, and no longer among what is available.
  static constexpr std::uint64_t program_bytes = std::uint64_t{17} << 19;
  static constexpr std::uint64_t thread_bytes = std::uint64_t{128} << 10;

  std::uint64_t program = 0;     ///< executable and threads
  std::uint64_t datasets = 0;    ///< of the seeds open at once
  std::uint64_t states = 0;      ///< parameters of the networks in training at once
  std::uint64_t workers = 0;     ///< executors, snapshots and metrics, one per thread
  std::uint64_t values = 0;      ///< measurements of all seeds
  std::uint64_t checkpoint = 0;  ///< states and values, encoded
  std::uint64_t result = 0;      ///< to write the result, where that outgrows the workers
  std::uint64_t compared = 0;    ///< a result file, and in the end what it is compared with

  std::uint64_t total() const {
    return program + datasets + states + workers + values + checkpoint + result + compared;
  }
};

/// Threads that can be busy at once: `threads`, or the networks of the work unit if they are fewer.
int useful_threads(const SeedPlan& plan, std::size_t seeds, int threads);

/// The device's memory as `backend` plans it for the work unit. DeviceError: it has too little.
DevicePlan plan_device_memory(const SeedPlan& plan, std::size_t seeds, const Backend& backend,
                              int threads);

/// Groups that a worker measures in one go: one on a processor; with a device many, as far as their
/// snapshots do not take too much of the host's memory.
std::size_t measured_at_once(const SeedPlan& plan, const Backend& backend,
                             std::size_t networks_at_once);

/// Whether the plan counts on workers that hold the memory of one group each, of which fewer are
/// large than there are threads; else each may hold the largest. REQUIRES: no device.
bool counts_on_one_group_each(const Experiment& experiment, const SeedPlan& plan, std::size_t seeds,
                              const Backend& backend, int threads);

/// `plan` is that of any seed, since all have the same shape. `resumed` may be null. With
/// `checkpoints` false no copies for saving are counted. `networks_at_once`: RunnerOptions.
/// `writing_bytes`: to write the result, in the end.
MemoryPlan plan_memory(const Experiment& experiment, const SeedPlan& plan, std::size_t seeds,
                       const Backend& backend, int threads, const Checkpoint* resumed,
                       bool checkpoints, std::size_t networks_at_once = 1,
                       std::uint64_t writing_bytes = 0);

/// NotEnoughMemory if the host has `minimum_ram` bytes or less, or less available than the plan.
void require_memory(const MemoryPlan& plan, const HostMemory& host, std::uint64_t minimum_ram);

/// "512 bytes", "12.3 MB", "16.0 GiB": GiB (2^30) from 1 GiB up, else MB (10^6).
std::string readable_bytes(std::uint64_t bytes);

}  // namespace axiom
