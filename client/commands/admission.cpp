#include "client/commands/admission.h"

#include <string>

#include "client/backends/self_test.h"
#include "client/system/memory.h"

namespace axiom {

WorkerPlan admit(const WorkUnit& work, const SeedPlan& shape, const BackendChoice& choice,
                 int threads, const Checkpoint* resumed, bool checkpoints, Console& console,
                 std::uint64_t file_bytes) {
  const Backend& backend = *choice.backend;
  console.note("backend: " + backend.name() + " (" + choice.reason + ")");
  const std::string device = backend.device();
  if (!device.empty()) {
    console.note("device: " + device);
    require_known_answers(backend);
    console.note("self-test of the device: passed");
  }
  const HostMemory host = host_memory();
  const WorkerPlan plan =
      plan_workers(work, shape, backend, threads, host, resumed, checkpoints, file_bytes);
  console.note("threads: " + std::to_string(plan.threads) + ", memory: plan " +
               readable_bytes(plan.memory.total()) + ", host " + readable_bytes(host.total) +
               ", available " + readable_bytes(host.available));
  if (!device.empty()) {
    console.note("device memory: plan " + readable_bytes(plan.device.planned_bytes) + " for " +
                 std::to_string(plan.networks_at_once) + " networks at once and thread, usable " +
                 readable_bytes(plan.device.usable_bytes) + " of " +
                 readable_bytes(plan.device.free_bytes) + " free");
  }
  return plan;
}

DeviceHealth BackendFallback::health() const {
  DeviceHealth health = failed_health_;
  health += backend().health();
  return health;
}

void BackendFallback::take_over(const DeviceError& error, RunObserver& observer) {
  const bool no_help = asked_for_ || is_processor(backend());
  if (no_help || error.status() == DeviceStatus::wrong_results) throw;
  failed_.push_back(choice_.backend);
  BackendChoice next = choose_backend_after(failed_);
  observer.warning(backend().name() + ": " + error.what() + "; " +
                   (is_processor(*next.backend) ? "the processor" : next.backend->name()) +
                   " takes over");
  next.reason = "takes over from a device that failed: " + next.reason;
  failed_health_ += backend().health();
  choice_ = std::move(next);
}

void warn_of_mismatches(const DeviceHealth& health, RunObserver& observer) {
  if (health.mismatches == 0) return;
  observer.warning(std::to_string(health.mismatches) +
                   " times the device gave two results for the same steps; they were thrown away "
                   "and computed again: look after its cooling and clocks");
}

}  // namespace axiom
