// How many threads and networks work at once, and the memory that they take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "client/run/memory_plan.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

struct WorkerPlan {
  int threads = 1;
  std::size_t networks_at_once = 1;  ///< per thread
  DevicePlan device;
  MemoryPlan memory;  ///< of the host
};

/// `threads`: as asked for; 0 = all processors, or two where a device trains: while it does, one
/// of them measures. Fewer networks at once where the host's memory asks for it. NotEnoughMemory,
/// DeviceError. `resumed` and `checkpoints`: as plan_memory(). `file_bytes`: what this process
/// holds already of a result file that the result will be compared with.
WorkerPlan plan_workers(const WorkUnit& work, const SeedPlan& shape, const Backend& backend,
                        int threads, const HostMemory& host, const Checkpoint* resumed,
                        bool checkpoints, std::uint64_t file_bytes = 0);

}  // namespace axiom
