#include "client/commands/task_run.h"

#include <exception>
#include <optional>
#include <utility>

#include "client/backends/registry.h"
#include "client/commands/errors.h"
#include "client/system/files.h"
#include "client/system/text.h"

namespace axiom {
namespace {

// Nothing: trying again would not help. To be called while an exception is being handled.
std::optional<boinc::Retry> retry_after_current_error() try { throw; } catch (const HostTooSmall&) {
  return three_times;
} catch (const DeviceError& error) {
  return error.status() == DeviceStatus::out_of_memory ? until_it_passes : three_times;
} catch (const DiskFullError&) {
  return until_it_passes;
} catch (const FileTooLongError&) {
  return std::nullopt;
} catch (const WorkUnitError&) {
  return std::nullopt;
} catch (const CheckpointMismatch&) {
  return std::nullopt;
} catch (const CheckpointError&) {
  return std::nullopt;
} catch (const std::exception& error) {
  return is_memory_shortage(error) ? until_it_passes : three_times;
}

// What a device computed that the benchmark has found broken since is not gone on from.
std::optional<Checkpoint> load_trusted(CheckpointStore& store, const std::string& digest,
                                       std::vector<std::string>& notes) {
  std::string distrusted;
  for (;;) {
    std::optional<Checkpoint> saved = store.load(digest, notes);
    std::string device;
    std::string reason;
    for (const std::string& noted : saved ? saved->devices : std::vector<std::string>()) {
      reason = exclusion_reason_of_device(noted);
      device = noted;
      if (!reason.empty()) break;
    }
    if (reason.empty()) return saved;
    if (device == distrusted) throw IoError(notes.back());  // it is still there
    distrusted = device;
    store.distrust(device, device + " computes wrong numbers: " + reason, notes);
  }
}

}  // namespace

std::string reason_for_client(const std::exception& error) {
  constexpr std::size_t longest = 240;  // the client reads a line of 255 bytes
  std::string line = printable_ascii(line_of(error));
  if (line.size() > longest) line = line.substr(0, longest) + " ...";
  return line;
}

int stop_of(const boinc::Requests& requests) {
  if (requests.abort) return Stop::aborted;
  if (requests.quit || requests.no_heartbeat) return Stop::quit;
  if (requests.restart) return Stop::restart;
  return requests.signal;
}

Checkpoint take_up(const WorkUnit& work, CheckpointStore& store, std::vector<std::string>& notes) {
  const std::string digest = work_digest(work);
  std::optional<Checkpoint> saved = load_trusted(store, digest, notes);
  if (saved && saved->seeds.size() != work.seeds.size()) {
    throw CheckpointError("checkpoint does not fit its work unit: it has " +
                          std::to_string(saved->seeds.size()) +
                          (saved->seeds.size() == 1 ? " seed" : " seeds"));
  }
  if (saved) {
    ++saved->resumes;
    return *std::move(saved);
  }
  Checkpoint fresh;
  fresh.work_digest = digest;
  fresh.seeds.resize(work.seeds.size());
  return fresh;
}

void distrust_if_wrong(CheckpointStore& store, const std::string& device, const DeviceError& error,
                       RunObserver& observer) {
  if (error.status() != DeviceStatus::wrong_results) return;
  std::vector<std::string> notes;
  store.distrust(device, error.what(), notes);
  for (const std::string& note : notes) observer.warning(note);
}

RunnerOptions runner_options(boinc::Task& task, const WorkerPlan& plan) {
  RunnerOptions options;
  options.threads = plan.threads;
  options.networks_at_once = plan.networks_at_once;
  options.stop_signal = [&task] { return stop_of(task.requests()); };
  options.suspended = [&task] { return task.requests().suspended; };
  options.save_due = [&task] { return task.time_to_checkpoint(); };
  options.save_done = [&task] { task.checkpoint_done(); };
  return options;
}

ExitCode run_task(boinc::Task& task, const std::function<ExitCode()>& work,
                  const std::function<void(ExitCode, bool)>& failed) {
  std::optional<boinc::Retry> retry;
  std::string reason;
  const ExitCode code = reporting_errors([&] {
    try {
      return work();
    } catch (const std::exception& error) {
      retry = retry_after_current_error();
      reason = reason_for_client(error);
      throw;
    }
  });
  if (code != ExitCode::ok) failed(code, retry.has_value());
  if (retry)
    return static_cast<ExitCode>(task.temporary_exit(static_cast<int>(code), *retry, reason));
  if (code != ExitCode::ok) task.begin_critical_section();
  return static_cast<ExitCode>(task.finish(static_cast<int>(code)));
}

}  // namespace axiom
