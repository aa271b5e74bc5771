// The task of a BOINC slot, from init_data.xml to boinc_finish().
#include <algorithm>
#include <csignal>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/store.h"
#include "client/backends/processor_name.h"
#include "client/backends/registry.h"
#include "client/backends/self_test.h"
#include "client/boinc/task.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/console.h"
#include "client/commands/errors.h"
#include "client/commands/slot_command_line.h"
#include "client/commands/version.h"
#include "client/plan/device_error.h"
#include "client/run/floating_point_environment.h"
#include "client/run/runner.h"
#include "client/run/summarize.h"
#include "client/run/watchdog.h"
#include "client/run/worker_plan.h"
#include "client/system/clock.h"
#include "client/system/digest.h"
#include "client/system/process.h"
#include "client/system/signals.h"

namespace axiom {
namespace {

constexpr const char* input_name = "work_unit";  // logical names, as in the templates
constexpr const char* output_name = "result";
constexpr int short_delay = 600;  // seconds until the client tries again
constexpr int host_attempts = 3;
constexpr const char* attempts_file = "host_attempts";
constexpr double most_before_the_end = 0.999;  // 1 is for a result that is on disk

// Why a run ends early. Apart from the numbers of signals.
enum Stop : int { go_on = 0, quit = 1001, aborted = 1002, stuck = 1003 };

// The host can never run this task.
class HostTooSmall : public NotEnoughMemory {
 public:
  using NotEnoughMemory::NotEnoughMemory;
};

class Slot : public RunObserver {
 public:
  Slot(boinc::Task& task, const SlotOptions& options)
      : task_(task),
        options_(options),
        watchdog_(options.step_limit),
        console_("progress", false) {}

  // Returns the exit code of a result that is complete; else throws or leaves.
  ExitCode run() {
    announce_program();
    const WorkUnit work = read_work();
    BackendChoice backend = choose();
    CheckpointStore store(files_, ".", std::string(work.experiment->name()));
    std::vector<std::string> notes;
    Checkpoint state = take_up(work, store, notes);
    const WorkerPlan plan = admit(work, *backend.backend, state);
    require_known_answers(*backend.backend);
    console_.note("self-test: passed");
    console_.note("work unit: " + task_.data().work_unit_name + ", " +
                  std::string(work.experiment->name()) + ", " + std::to_string(work.seeds.size()) +
                  " seeds from " + std::to_string(work.seeds.front()));

    Runner runner(work, *backend.backend, state, &store, runner_options(plan), *this);
    console_.note(state.resumes > 0
                      ? "resuming at " + readable_percent(runner.progress().fraction())
                      : std::string("starting at 0.0 %"));
    for (const std::string& note : notes) warning(note);
    leave_if(compute(runner, store), runner);
    const std::optional<Summary> summary = summarize(work, state, [this] { return stop(); });
    if (!summary) {
      runner.save();
      leave_if(stop(), runner);
    }
    return deliver(*summary, runner, state, *backend.backend);
  }

  int compute(Runner& runner, CheckpointStore& store) try {
    return runner.run();
  } catch (const DeviceError& error) {
    if (error.status() != DeviceStatus::wrong_results) throw;
    // What such a device has saved is no better than what it computes.
    std::vector<std::string> notes;
    store.distrust(error.what(), notes);
    for (const std::string& note : notes) warning(note);
    throw;
  }

  void progress(const RunProgress& progress) override {
    work_done_ = progress.session_flops;
    task_.report_fraction(std::min(progress.fraction(), most_before_the_end));
    console_.progress(progress);
  }

  void warning(const std::string& line) override { console_.warning(line); }

 private:
  void announce_program() {
    const boinc::InitData& data = task_.data();
    console_.note("axiom-client " + client_version() + " (" + build_identifier() + "), task " +
                  data.result_name);
    console_.note(data.gpu_device < 0
                      ? std::string("device: none, a task for the processor")
                      : "device: " + data.gpu_type + " number " + std::to_string(data.gpu_device));
  }

  // Never a device that the client has not assigned.
  BackendChoice choose() {
    const boinc::InitData& data = task_.data();
    take_up_benchmark(CommandLine{});
    BackendChoice choice;
    if (options_.backend != "auto") {
      choice = choose_backend(options_.backend);
    } else if (data.gpu_device >= 0) {
      choice = choose_backend("cuda:" + std::to_string(data.gpu_device));
      require_not_broken(*choice.backend);
      choice.reason = "the device that the BOINC client has assigned";
    } else {
      choice = choose_processor_backend();
    }
    console_.note("processor: " + processor_name());
    console_.note("backend: " + choice.backend->name() + " (" + choice.reason + ")");
    const std::string device = choice.backend->device();
    if (!device.empty()) console_.note("device: " + device);
    return choice;
  }

  WorkUnit read_work() {
    const std::string text = files_.read(task_.resolve(input_name), maximum_work_unit_bytes);
    // Results of several hosts are compared: none may depend on the host.
    return parse_work_unit(text, []() -> std::string {
      throw WorkUnitError(
          "seed {\"from\": \"host\"} is not for tasks of BOINC: results of several "
          "hosts could not be compared");
    });
  }

  Checkpoint take_up(const WorkUnit& work, CheckpointStore& store,
                     std::vector<std::string>& notes) {
    const std::string digest = work_digest(work);
    std::optional<Checkpoint> saved = store.load(digest, notes);
    if (saved && saved->seeds.size() != work.seeds.size()) {
      throw CheckpointError("checkpoint does not fit its work unit");
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

  WorkerPlan admit(const WorkUnit& work, const Backend& backend, const Checkpoint& state) {
    const boinc::InitData& data = task_.data();
    HostMemory host = host_memory();
    if (data.host_memory > 0) {
      host.total = std::min(host.total, static_cast<std::uint64_t>(data.host_memory));
    }
    const auto allowed =
        static_cast<std::uint64_t>(static_cast<double>(host.total) * data.memory_share);
    console_.note("memory: host " + readable_bytes(host.total) + ", available " +
                  readable_bytes(host.available) + ", allowed by BOINC " + readable_bytes(allowed));
    if (host.total <= work.minimum_ram_bytes) {
      throw HostTooSmall("not enough memory: the work unit needs a host with more than " +
                         readable_bytes(work.minimum_ram_bytes) + ", this one has " +
                         readable_bytes(host.total));
    }
    host.available = std::min(host.available, allowed);
    const int threads = options_.threads > 0 ? options_.threads : boinc::task_threads(data);
    const SeedPlan shape = work.experiment->plan(work.parameters, work.seeds.front());
    WorkerPlan plan = plan_workers(work, shape, backend, threads, host, &state, true);
    console_.note("memory plan: " + readable_bytes(plan.memory.total()) +
                  ", threads: " + std::to_string(plan.threads));
    return plan;
  }

  RunnerOptions runner_options(const WorkerPlan& plan) {
    RunnerOptions options;
    options.threads = plan.threads;
    options.networks_at_once = plan.networks_at_once;
    options.stop_signal = [this] { return stop(); };
    options.suspended = [this] { return task_.requests().suspended; };
    options.save_due = [this] { return task_.time_to_checkpoint(); };
    options.save_done = [this] { task_.checkpoint_done(); };
    return options;
  }

  int stop() {
    const boinc::Requests requests = task_.requests();
    if (requests.abort) return Stop::aborted;
    if (requests.quit || requests.no_heartbeat) return Stop::quit;
    if (const int signal = stop_signal(); signal != 0) return signal;
    if (watchdog_.stuck(work_done_, monotonic_seconds(), requests.suspended)) {
      // Not by way of the runner: a worker that hangs never comes back to be joined.
      print_diagnostic("error", "no training step was finished in " +
                                    readable_duration(options_.step_limit) +
                                    ": the run is stuck; look after the host's load and hardware");
      task_.begin_critical_section();
      task_.finish(static_cast<int>(ExitCode::stuck));
    }
    return Stop::go_on;
  }

  // The runner has saved the state.
  void leave_if(int why, Runner& runner) {
    if (why == Stop::go_on) return;
    if (why == Stop::aborted) {
      console_.note("aborted by the BOINC client");
      task_.leave_aborted();
    }
    console_.note("left at " + readable_percent(runner.progress().fraction()) +
                  ", checkpoint saved");
    if (why == Stop::quit) task_.leave();
    // As if the signal had struck: the client starts such a task again without counting it.
    std::signal(why, SIG_DFL);
    std::raise(why);
  }

  ExitCode deliver(const Summary& summary, Runner& runner, const Checkpoint& state,
                   const Backend& backend) {
    // A suspension that arrives now would be lost in the library, and the task sleep for ever.
    task_.begin_critical_section();
    try {
      files_.write_durably(task_.resolve(output_name), summary.result);
    } catch (const IoError&) {
      runner.save();
      throw;
    }
    task_.report_fraction(1);
    console_.finish(runner.progress());
    console_.note("total " + readable_duration(state.seconds) + ", " +
                  std::to_string(state.checkpoints) + " checkpoints, " +
                  std::to_string(state.resumes) + " resumes, most memory " +
                  readable_bytes(peak_resident_bytes()));
    if (const std::uint64_t mismatches = backend.health().mismatches; mismatches > 0) {
      warning(std::to_string(mismatches) + " times the device gave two results for the same steps");
    }
    console_.note("result: SHA-256 " + sha256_hex(summary.result));
    return ExitCode::ok;
  }

  boinc::Task& task_;
  const SlotOptions& options_;
  Watchdog watchdog_;
  double work_done_ = 0;
  Console console_;
  FileSystem& files_ = real_file_system();
};

// A host that fails at start would empty its queue in minutes. So it waits between attempts; after
// the last one the task is given back.
[[noreturn]] void fail_slowly(boinc::Task& task, ExitCode code, const std::string& reason) {
  FileSystem& files = real_file_system();
  std::string attempts;
  if (files.exists(attempts_file)) attempts = files.read(attempts_file, 64);
  attempts += '.';
  if (attempts.size() < host_attempts) {
    files.write_durably(attempts_file, attempts);
    task.temporary_exit(short_delay, reason);
  }
  task.begin_critical_section();
  task.finish(static_cast<int>(code));
}

// What lies in the work unit ends the task; what lies in the host may pass.
ExitCode run_in_slot(boinc::Task& task, const SlotOptions& options) {
  const auto said = [](const std::exception& error) {
    print_diagnostic("error", error.what());
    return std::string(error.what());
  };
  try {
    return Slot(task, options).run();
  } catch (const HostTooSmall& error) {
    fail_slowly(task, ExitCode::memory, said(error));
  } catch (const NotEnoughMemory& error) {
    task.temporary_exit(short_delay, said(error));
  } catch (const std::bad_alloc&) {
    print_diagnostic("error", "out of memory: close other programs");
    task.temporary_exit(short_delay, "out of memory");
  } catch (const BackendError& error) {
    fail_slowly(task, ExitCode::backend, said(error));
  } catch (const DeviceError& error) {
    if (error.status() == DeviceStatus::out_of_memory) {
      task.temporary_exit(short_delay, said(error));
    }
    fail_slowly(task, exit_code_of(error.status()), said(error));
  }
}

}  // namespace

ExitCode run_slot_task(int argc, const char* const* argv) {
  std::optional<boinc::Task> task;
  try {
    task.emplace();
  } catch (const std::exception& error) {
    print_diagnostic("error", error.what());
    return ExitCode::boinc_start;
  }
  set_floating_point_environment();
  install_stop_signals();
  std::vector<std::string> warnings;
  const SlotOptions options = parse_slot_options(argc, argv, warnings);
  set_device_options({options.desktop, 0.01, 0});
  for (const std::string& warning : warnings) print_diagnostic("warning", warning);
  const ExitCode code = reporting_errors([&] { return run_in_slot(*task, options); });
  if (code != ExitCode::ok) task->begin_critical_section();
  task->finish(static_cast<int>(code));
}

}  // namespace axiom
