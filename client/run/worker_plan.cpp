#include "client/run/worker_plan.h"

#include <algorithm>
#include <string>

#include "client/result/result_files.h"
#include "client/run/work_plan.h"
#include "client/system/process.h"

namespace axiom {
namespace {

void require_at_most(const std::string& what, std::uint64_t bytes, std::uint64_t possible) {
  if (bytes <= possible) return;
  throw WorkUnitError("the work unit is too large: its " + what + " may take " +
                      readable_bytes(bytes) + ", more than the possible " +
                      readable_bytes(possible) + "; give it fewer seeds or measurements");
}

// Known now; else the first save beyond it, after hours, would end the run, and a result that is
// too long could neither be verified nor uploaded.
void require_possible(const WorkUnit& work, const SeedPlan& shape, const MemoryPlan& memory) {
  require_at_most("checkpoint", plan_disk({}, work.seeds.size(), memory).checkpoint,
                  maximum_checkpoint_bytes);
  require_at_most("result", most_result_bytes(work, shape), maximum_result_bytes);
}

// The file is held all the time. In the end, when the run's memory is free again, the result is
// read like it to find where they differ.
std::uint64_t comparing_bytes(const MemoryPlan& run, std::uint64_t file_bytes) {
  const std::uint64_t freed = run.total() - run.program;
  return std::max(file_bytes, 2 * file_bytes - std::min(2 * file_bytes, freed));
}

}  // namespace

WorkerPlan plan_workers(const WorkUnit& work, const SeedPlan& shape, const Backend& backend,
                        int threads, const HostMemory& host, const Checkpoint* resumed,
                        bool checkpoints, std::uint64_t file_bytes) {
  constexpr int threads_of_device = 2;
  if (threads == 0) threads = backend.device().empty() ? usable_processors() : threads_of_device;
  WorkerPlan plan;
  plan.threads = useful_threads(shape, work.seeds.size(), threads);
  plan.device = plan_device_memory(shape, work.seeds.size(), backend, plan.threads);
  plan.networks_at_once = plan.device.networks_at_once;
  const std::uint64_t writing = writing_bytes(work, shape);
  const HostMemory usable = {host.total, host.available + file_bytes};
  for (;; plan.networks_at_once /= 2) {
    plan.memory = plan_memory(*work.experiment, shape, work.seeds.size(), backend, plan.threads,
                              resumed, checkpoints, plan.networks_at_once, writing);
    plan.memory.compared = comparing_bytes(plan.memory, file_bytes);
    if (plan.networks_at_once == 1 || plan.memory.total() <= usable.available) break;
  }
  if (checkpoints) require_possible(work, shape, plan.memory);
  require_memory(plan.memory, usable, work.minimum_ram_bytes);
  return plan;
}

}  // namespace axiom
