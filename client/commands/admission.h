// What goes before work on a backend, and what becomes of it when a device fails.
#pragma once

#include "client/backends/registry.h"
#include "client/commands/console.h"
#include "client/plan/device_error.h"
#include "client/run/worker_plan.h"

namespace axiom {

/// The plan of `work` on a backend, in the log before anything starts; a device has to give the
/// known answers first. DeviceError, NotEnoughMemory. `threads`, `resumed` and `checkpoints`: as
/// plan_workers().
WorkerPlan admit(const WorkUnit& work, const SeedPlan& shape, const BackendChoice& choice,
                 int threads, const Checkpoint* resumed, bool checkpoints, Console& console);

/// The processor, after a device that has failed, with a warning. Throws the error again if the
/// device was asked for or computes wrong numbers. REQUIRES: `error` is being handled.
BackendChoice take_over(const BackendChoice& failed, const DeviceError& error, bool asked_for,
                        RunObserver& observer);

/// A warning if a device gave two results for the same steps.
void warn_of_mismatches(const DeviceHealth& health, RunObserver& observer);

}  // namespace axiom
