// The part of a task's life that is the same by hand and under a BOINC client.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "checkpoint/store.h"
#include "client/boinc/task.h"
#include "client/plan/device_error.h"
#include "client/run/exit_code.h"
#include "client/run/memory_plan.h"
#include "client/run/runner.h"
#include "client/run/worker_plan.h"

namespace axiom {

/// The host can never run this task.
class HostTooSmall : public NotEnoughMemory {
 public:
  using NotEnoughMemory::NotEnoughMemory;
};

/// How often a task that cannot go on is started again.
inline constexpr boinc::Retry until_it_passes{.seconds = 600, .attempts = 0};
inline constexpr boinc::Retry three_times{.seconds = 600, .attempts = 3};

/// What a client shows of an error, cut to what it can.
std::string reason_for_client(const std::exception& error);

/// Why a run ends early; the other values are numbers of signals.
enum Stop : int { go_on = 0, quit = 1001, aborted = 1002, restart = 1003 };
int stop_of(const boinc::Requests& requests);

/// The saved state of a work unit, or a fresh one.
Checkpoint take_up(const WorkUnit& work, CheckpointStore& store, std::vector<std::string>& notes);

/// If `device` (Backend::device_uuid()) computes wrong numbers, what it had a part in is set aside.
void distrust_if_wrong(CheckpointStore& store, const std::string& device, const DeviceError& error,
                       RunObserver& observer);

/// The runner asks the task whether to stop, to stand still or to save.
RunnerOptions runner_options(boinc::Task& task, const WorkerPlan& plan);

/// Runs `work` and ends the task with what becomes of it. An error is one line on standard error;
/// what lies in the work unit ends the task, what lies in the host may pass. `failed` hears of the
/// code after that line, and whether it may pass.
ExitCode run_task(
    boinc::Task& task, const std::function<ExitCode()>& work,
    const std::function<void(ExitCode, bool)>& failed = [](ExitCode, bool) {});

}  // namespace axiom
