// The task of a BOINC slot, from init_data.xml to boinc_finish().
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client/backends/registry.h"
#include "client/backends/self_test.h"
#include "client/boinc/client_task.h"
#include "client/boinc/memory_gate.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/console.h"
#include "client/commands/errors.h"
#include "client/commands/slot_command_line.h"
#include "client/commands/slot_log.h"
#include "client/commands/task_run.h"
#include "client/result/result_files.h"
#include "client/run/floating_point_environment.h"
#include "client/run/summarize.h"
#include "client/run/watch_thread.h"
#include "client/system/clock.h"
#include "client/system/digest.h"
#include "client/system/signals.h"

namespace axiom {
namespace {

constexpr const char* input_name = "work_unit";  // logical names, as in the templates
constexpr const char* output_name = "result";
constexpr const char* complete_file = "complete";  // completion(), once the result is on the disk
constexpr std::uint64_t boincs_libraries = std::uint64_t{2} << 20;  // bytes, as measured

std::string completion(const WorkUnit& work, std::string_view result) {
  return work_digest(work) + " " + sha256_hex(result) + "\n";
}

void show_exit_code(ExitCode code, bool may_pass) {
  print_diagnostic("exit code", std::to_string(static_cast<int>(code)) +
                                    (may_pass ? ", unless another attempt helps" : "") +
                                    "; docs/ERRORS.md says more");
}

class Slot : public RunObserver {
 public:
  Slot(boinc::ClientTask& task, const SlotOptions& options)
      : task_(task), options_(options), log_(task) {}

  // Returns the exit code of a result that is complete; else throws or leaves.
  ExitCode run() try {
    watch_.emplace(
        options_.step_limit, [this] { return stands_still(); },
        [this](const WatchThread::Place& place) { end_stuck(place); });
    log_.begin(options_);
    output_ = task_.resolve(output_name);
    const WorkUnit work = read_work();
    if (result_is_complete(work)) return ExitCode::ok;
    files_.require_writable_temporary(output_);  // output_ was asked when its link was followed
    const BackendChoice backend = choose();
    log_.backend(backend);
    CheckpointStore store(files_, ".", std::string(work.experiment->name()));
    std::vector<std::string> notes;
    Checkpoint state = take_up(work, store, notes);
    const WorkerPlan plan = admit(work, *backend.backend, state);
    const std::string device = backend.backend->device_uuid();
    test(*backend.backend, device, store);
    log_.work(work);

    RunnerOptions options = runner_options(task_, plan);
    options.stop_signal = [this] { return stop(); };
    Runner runner(work, *backend.backend, state, &store, std::move(options), *this);
    const Followed followed(*watch_, runner);
    log_.starting(state, runner.progress().fraction());
    for (const std::string& note : notes) warning(note);
    leave_if(compute(runner, device, store), runner);
    const std::optional<Summary> summary =
        summarize(work, state, [this] { return stop_or_wait(); });
    if (!summary) {
      saved_ = save(runner);
      leave_if(stop(), runner);
    }
    return deliver(*summary, work, runner, state, *backend.backend);
  } catch (...) {
    log_.failed();
    throw;
  }

  void progress(const RunProgress& progress) override {
    task_.report_fraction(std::min(progress.fraction(), boinc::most_before_the_end));
    log_.progress(progress);
  }

  void warning(const std::string& line) override { log_.warning(line); }

 private:
  // Killed while the library was about to tell the client that the task has finished. Not the
  // result of other work, nor one that was damaged since.
  bool result_is_complete(const WorkUnit& work) try {
    if (!files_.exists(complete_file) || !files_.exists(output_)) return false;
    const std::string noted = files_.read(complete_file, completion(work, "").size());
    if (noted != completion(work, files_.read(output_, maximum_result_bytes))) return false;
    task_.begin_critical_section();
    log_.complete();
    return true;
  } catch (const IoError&) {
    return false;
  }

  void note_complete(const WorkUnit& work, std::string_view result) try {
    files_.write_durably(complete_file, completion(work, result));
  } catch (const IoError&) {
    // Then a task that is killed now computes from its checkpoint.
  }

  WorkUnit read_work() try {
    const std::string text = files_.read(task_.resolve(input_name), maximum_work_unit_bytes);
    // Results of several hosts are compared: none may depend on the host.
    return parse_work_unit(text, []() -> std::string {
      throw WorkUnitError(
          "seed {\"from\": \"host\"} is not for tasks of BOINC: results of several "
          "hosts could not be compared");
    });
  } catch (const WorkUnitError& error) {
    throw WorkUnitError(std::string("the work unit is refused: ") + error.what());
  }

  // Never a device that the client has not assigned.
  BackendChoice choose() {
    take_up_benchmark(CommandLine{});
    if (options_.backend != "auto") return choose_backend(options_.backend);
    const std::optional<std::string> device = task_.assignment().device;
    if (!device) return choose_processor_backend();
    BackendChoice choice = choose_assigned_device(*device);
    require_not_broken(*choice.backend);
    return choice;
  }

  WorkerPlan admit(const WorkUnit& work, const Backend& backend, const Checkpoint& state) {
    const boinc::AllowedMemory memory = boinc::allowed_memory(task_.data(), host_memory());
    log_.memory(memory);
    if (memory.total <= work.minimum_ram_bytes) {
      throw HostTooSmall("not enough memory: the work unit needs a host with more than " +
                         readable_bytes(work.minimum_ram_bytes) + ", this one has " +
                         readable_bytes(memory.total));
    }
    const int threads = options_.threads > 0 ? options_.threads : task_.assignment().threads;
    const SeedPlan shape = work.experiment->plan(work.parameters, work.seeds.front());
    WorkerPlan plan;
    try {
      plan = plan_workers(work, shape, backend, threads, {memory.total, memory.available}, &state,
                          true);
    } catch (const NotEnoughMemory& error) {
      if (memory.free < memory.allowed) throw;
      // Nothing that the volunteer closes would help.
      throw NotEnoughMemory(std::string(error.what()) + "; BOINC's memory preferences allow " +
                            readable_bytes(memory.allowed));
    }
    // Only now: they are no longer among what is available.
    plan.memory.program += boincs_libraries;
    log_.plan(plan);
    return plan;
  }

  void test(const Backend& backend, const std::string& device, CheckpointStore& store) try {
    require_known_answers(backend);
    log_.self_test_passed();
  } catch (const DeviceError& error) {
    distrust_if_wrong(store, device, error, *this);
    throw;
  }

  // A checkpoint that cannot be saved when the task is to stop costs what came after the one
  // before, not the task.
  int compute(Runner& runner, const std::string& device, CheckpointStore& store) try {
    return runner.run();
  } catch (const DeviceError& error) {
    distrust_if_wrong(store, device, error, *this);
    throw;
  } catch (const IoError& error) {
    const int why = stop();
    if (why == Stop::go_on) throw;
    not_saved(error);
    return why;
  }

  bool save(Runner& runner) try {
    runner.save();
    return true;
  } catch (const IoError& error) {
    not_saved(error);
    return false;
  }

  void not_saved(const IoError& error) {
    saved_ = false;
    warning(std::string("the checkpoint could not be saved: ") + error.what());
  }

  int stop() { return stop_of(task_.requests()); }

  // Whether standing still is right. A task that is to leave is not to stand still.
  bool stands_still() const {
    const boinc::Requests requests = task_.requests();
    return requests.suspended && stop_of(requests) == Stop::go_on;
  }

  // In the watching thread. Not by way of the main one, nor of the runner: what hangs never comes
  // back to be joined.
  void end_stuck(const WatchThread::Place& place) {
    if (const int why = stop(); why != Stop::go_on) leave(why, place.fraction, false);
    const std::string limit = readable_duration(place.limit);
    const std::string reason =
        place.begun ? "no training step was finished in " + limit +
                          ": the run is stuck; look after the host's load and hardware"
                    : "the training has not begun in " + limit +
                          ": the start is stuck; look after the host's load, its device and driver";
    print_diagnostic("error", reason);
    show_exit_code(ExitCode::stuck, !place.begun);
    // A host whose driver hangs is not to empty its queue.
    if (!place.begun) task_.temporary_exit(static_cast<int>(ExitCode::stuck), three_times, reason);
    task_.begin_critical_section();
    task_.finish(static_cast<int>(ExitCode::stuck));
  }

  // Between two seeds of the summary, where no runner waits for the end of a suspension.
  int stop_or_wait() {
    watch_->note_piece();  // another seed
    int why = stop();
    for (; why == Stop::go_on && task_.requests().suspended; why = stop()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return why;
  }

  // The runner has tried to save the state.
  void leave_if(int why, Runner& runner) {
    if (why == Stop::go_on) return;
    leave(why, runner.progress().fraction(), saved_);
  }

  // Of SIGXCPU the client would take it for crashed.
  [[noreturn]] void leave_for_want_of_time() {
    const std::string reason =
        "the processor time that the system allows a process is used up; raise LimitCPU of BOINC's "
        "service (ulimit -t); going on from the checkpoint";
    print_diagnostic("error", reason);
    show_exit_code(ExitCode::time_used_up, true);
    task_.temporary_exit(static_cast<int>(ExitCode::time_used_up), {.seconds = 1, .attempts = 3},
                         reason);
  }

  void leave(int why, double fraction, bool saved) {
    if (why == Stop::aborted) {
      log_.aborted();
      task_.leave_aborted();
    }
    log_.left(fraction, saved);
    if (why == Stop::quit) task_.leave();
    if (why == Stop::restart) {
      task_.temporary_exit(static_cast<int>(ExitCode::ok), {.seconds = 1},
                           "the system's clock was set back; starting again from the checkpoint");
    }
    if (why == SIGXCPU) leave_for_want_of_time();
    // As if the signal had struck: the client starts such a task again without counting it.
    std::signal(why, SIG_DFL);
    std::raise(why);
  }

  ExitCode deliver(const Summary& summary, const WorkUnit& work, Runner& runner,
                   const Checkpoint& state, const Backend& backend) {
    watch_->stop();  // a slow disk is none of its business
    // A suspension that arrives now would be lost in the library, and the task sleep for ever.
    task_.begin_critical_section();
    try {
      files_.write_durably(output_, summary.result);
    } catch (const IoError&) {
      save(runner);  // what is computed need not be computed again
      throw;
    }
    note_complete(work, summary.result);
    task_.report_fraction(1);
    log_.finish(runner.progress(), state, backend.health(), summary.result);
    return ExitCode::ok;
  }

  boinc::ClientTask& task_;
  const SlotOptions& options_;
  std::string output_;
  SlotLog log_;
  bool saved_ = true;
  FileSystem& files_ = real_file_system();
  std::optional<WatchThread> watch_;  // last: it uses the others
};

}  // namespace

ExitCode run_slot_task(int argc, const char* const* argv) {
  make_diagnostics_plain();
  std::optional<boinc::ClientTask> task;
  try {
    task.emplace();
  } catch (const std::exception& error) {
    const bool memory = is_memory_shortage(error);
    const ExitCode code = memory ? ExitCode::memory : ExitCode::boinc_start;
    print_diagnostic("error", line_of(error));
    show_exit_code(code, true);
    boinc::leave_without_library(static_cast<int>(code), memory ? until_it_passes : three_times,
                                 reason_for_client(error));
  }
  const SlotOptions options = parse_slot_options(argc, argv, task->assignment().device);
  return run_task(
      *task,
      [&] {
        set_floating_point_environment();
        install_stop_signals(SecondSignal::kills);
        set_device_options({.desktop = options.desktop});
        return Slot(*task, options).run();
      },
      show_exit_code);
}

}  // namespace axiom
