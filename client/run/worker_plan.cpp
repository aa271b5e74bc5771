#include "client/run/worker_plan.h"

#include "client/system/process.h"

namespace axiom {

WorkerPlan plan_workers(const WorkUnit& work, const SeedPlan& shape, const Backend& backend,
                        int threads, const HostMemory& host, const Checkpoint* resumed,
                        bool checkpoints) {
  constexpr int threads_of_device = 2;
  if (threads == 0) threads = backend.device().empty() ? usable_processors() : threads_of_device;
  WorkerPlan plan;
  plan.threads = useful_threads(shape, work.seeds.size(), threads);
  plan.device = plan_device_memory(shape, work.seeds.size(), backend, plan.threads);
  plan.networks_at_once = plan.device.networks_at_once;
  for (;; plan.networks_at_once /= 2) {
    plan.memory = plan_memory(*work.experiment, shape, work.seeds.size(), backend, plan.threads,
                              resumed, checkpoints, plan.networks_at_once);
    if (plan.networks_at_once == 1 || plan.memory.total() <= host.available) break;
  }
  require_memory(plan.memory, host, work.minimum_ram_bytes);
  return plan;
}

}  // namespace axiom
