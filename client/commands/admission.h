// What goes before work on a backend, and what becomes of it when a device fails.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "client/backends/registry.h"
#include "client/commands/console.h"
#include "client/plan/device_error.h"
#include "client/run/worker_plan.h"

namespace axiom {

/// The plan of `work` on a backend, in the log before anything starts; a device has to give the
/// known answers first. DeviceError, NotEnoughMemory. `threads`, `resumed`, `checkpoints` and
/// `file_bytes`: as plan_workers().
WorkerPlan admit(const WorkUnit& work, const SeedPlan& shape, const BackendChoice& choice,
                 int threads, const Checkpoint* resumed, bool checkpoints, Console& console,
                 std::uint64_t file_bytes = 0);

/// What a run computes on: a backend until it fails, then the next that can.
class BackendFallback {
 public:
  /// `asked_for`: nothing else will do.
  BackendFallback(BackendChoice first, bool asked_for)
      : choice_(std::move(first)), asked_for_(asked_for) {}

  const BackendChoice& choice() const { return choice_; }
  const Backend& backend() const { return *choice_.backend; }
  /// Of all devices so far.
  DeviceHealth health() const;
  /// The next device, or the processor, with a warning. Throws the error again if the backend was
  /// asked for, is the processor or computes wrong numbers. REQUIRES: `error` is being handled.
  void take_over(const DeviceError& error, RunObserver& observer);

 private:
  BackendChoice choice_;
  bool asked_for_;
  std::vector<const Backend*> failed_;
  DeviceHealth failed_health_;
};

/// A warning if a device gave two results for the same steps.
void warn_of_mismatches(const DeviceHealth& health, RunObserver& observer);

}  // namespace axiom
