#include "client/run/worker_plan.h"

#include <string>

#include "client/run/work_plan.h"
#include "client/system/process.h"

namespace axiom {
namespace {

// Known now; else the first save beyond it, after hours, would end the run.
void require_checkpoint(const WorkUnit& work, const MemoryPlan& memory) {
  const std::uint64_t bytes = plan_disk({}, work.seeds.size(), memory).checkpoint;
  if (bytes <= maximum_checkpoint_bytes) return;
  throw WorkUnitError("the work unit is too large: its checkpoint may take " +
                      readable_bytes(bytes) + ", more than the possible " +
                      readable_bytes(maximum_checkpoint_bytes) +
                      "; give it fewer seeds or measurements");
}

}  // namespace

WorkerPlan plan_workers(const WorkUnit& work, const SeedPlan& shape, const Backend& backend,
                        int threads, const HostMemory& host, const Checkpoint* resumed,
                        bool checkpoints) {
  constexpr int threads_of_device = 2;
  if (threads == 0) threads = backend.device().empty() ? usable_processors() : threads_of_device;
  WorkerPlan plan;
  plan.threads = useful_threads(shape, work.seeds.size(), threads);
  plan.device = plan_device_memory(shape, work.seeds.size(), backend, plan.threads);
  plan.networks_at_once = plan.device.networks_at_once;
  const std::uint64_t writing = writing_bytes(work, shape);
  for (;; plan.networks_at_once /= 2) {
    plan.memory = plan_memory(*work.experiment, shape, work.seeds.size(), backend, plan.threads,
                              resumed, checkpoints, plan.networks_at_once, writing);
    if (plan.networks_at_once == 1 || plan.memory.total() <= host.available) break;
  }
  if (checkpoints) require_checkpoint(work, plan.memory);
  require_memory(plan.memory, host, work.minimum_ram_bytes);
  return plan;
}

}  // namespace axiom
