#include <optional>
#include <utility>

#include "client/backends/processor_name.h"
#include "client/backends/registry.h"
#include "client/boinc/standalone_task.h"
#include "client/commands/admission.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/console.h"
#include "client/commands/delivery.h"
#include "client/commands/identity.h"
#include "client/commands/intermediate.h"
#include "client/commands/policy.h"
#include "client/commands/task_run.h"
#include "client/commands/uploads.h"
#include "client/commands/version.h"
#include "client/commands/work_unit_source.h"
#include "client/experiments/parameters.h"
#include "client/plan/device_error.h"
#include "client/result/canonical_json.h"
#include "client/run/floating_point_environment.h"
#include "client/run/runner.h"
#include "client/run/summarize.h"
#include "client/run/watch_thread.h"
#include "client/run/worker_plan.h"
#include "client/system/clock.h"
#include "client/system/process.h"
#include "client/system/signals.h"

namespace axiom {
namespace {

std::string counted_seeds(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " seed" : " seeds");
}

// One work unit from options to files.
class StandaloneRun {
 public:
  StandaloneRun(const CommandLine& line, boinc::Task& task)
      : line_(line),
        task_(task),
        work_(requested_work(line)),
        shape_(work_.experiment->plan(work_.parameters, work_.seeds.front())),
        backend_(requested_backend(line), task.assignment().device.has_value()),
        console_(std::string(work_.experiment->name()), line.quiet) {}

  ExitCode run() {
    announce();
    files_.make_directories(line_.out);
    const DirectoryLock only_one_writes(line_.out);
    require_writable(files_, paths_);
    CheckpointStore store(files_, line_.out, std::string(work_.experiment->name()),
                          CheckpointStore::Spare::kept);
    Checkpoint state = take_up(store);
    if (!line_.network.upload_url.empty()) require_upload_options(line_);
    require_policy(line_, std::string(work_.experiment->name()), state.resumes > 0, console_);
    IntermediateUploads intermediate(line_, work_, state, console_);
    const int signal = compute(state, store, intermediate);
    intermediate.request_stop();
    const Runner& runner = *runner_;
    if (signal != 0) return stopped(signal, runner);
    console_.finish(runner.progress());
    const std::optional<Summary> summary = summarize(work_, state, [this] { return stop(); });
    if (!summary) {
      runner_->save();
      return stopped(stop(), runner);
    }
    task_.begin_critical_section();
    deliver(*summary, state, *runner_);
    warn_of_mismatches(backend_.health(), console_);
    intermediate.finish();
    if (!line_.network.upload_url.empty()) queue_uploads(line_, written_.sha256, console_);
    store.remove();  // only now: the result is on disk
    show_result(line_, work_, paths_, written_, telemetry_, summary->means, console_);
    if (!line_.network.upload_url.empty()) send_uploads(line_, line_.out, written_.sha256);
    return ExitCode::ok;
  }

 private:
  void announce() {
    const std::string signature = signature_line();  // throws before anything is begun
    console_.note("axiom-client " + client_version() + ", build " + build_identifier() +
                  (signature.empty() ? "" : ", " + signature));
    console_.note(std::string(work_.experiment->name()) + " " + std::string(experiment_version) +
                  ", preset " + preset_and_changes(*work_.experiment, work_.parameters) + ", " +
                  counted_seeds(work_.seeds.size()) + " from " +
                  std::to_string(work_.seeds.front()));
    std::string reason;
    if (line_.idle_priority && !set_idle_priority(&reason)) {
      console_.warning("the priority stays normal: " + reason);
    }
  }

  // The saved state of this work unit, or a fresh one.
  Checkpoint take_up(CheckpointStore& store) {
    std::vector<std::string> notes;
    Checkpoint state = axiom::take_up(work_, store, notes);
    for (const std::string& note : notes) console_.warning(note);
    return state;
  }

  int stop() const { return stop_of(task_.requests()); }

  // Until all is done (0) or a signal came. If a device that was chosen, not asked for, fails, the
  // next one or the processor goes on from where it was.
  int compute(Checkpoint& state, CheckpointStore& store, IntermediateUploads& intermediate) {
    WatchThread watch(
        line_.step_limit, [] { return false; },
        [this](const WatchThread::Place& place) { warn_of_standstill(place); });
    for (;;) {
      std::string device;  // that is asked and works
      try {
        device = backend_.backend().device_uuid();
        plan_ = admit(work_, shape_, backend_.choice(), task_.assignment().threads, &state, true,
                      console_);
        telemetry_.device = backend_.backend().device();  // while it is there
        RunnerOptions options = runner_options(task_, plan_);
        options.seed_done = [&](std::size_t seed) { intermediate.seed_done(seed); };
        runner_.emplace(work_, backend_.backend(), state, &store, std::move(options), console_);
        intermediate.devices_are(state.devices);
        if (state.resumes > 0) {
          console_.note("resuming at " + readable_percent(runner_->progress().fraction()));
        }
        const Followed followed(watch, *runner_);
        return runner_->run();
      } catch (const DeviceError& error) {
        distrust_if_wrong(store, device, error, console_);
        if (error.status() == DeviceStatus::wrong_results) {
          intermediate.distrust(device, error.what());
        }
        if (runner_) {
          before_ = session();
          runner_.reset();
        }
        backend_.take_over(error, console_);
      }
    }
  }

  RunProgress session() const {
    const RunProgress progress = runner_->progress();
    return before_ ? progress.after(*before_) : progress;
  }

  // Only a warning: on a busy host a run of idle priority may stand still for as long as that.
  void warn_of_standstill(const WatchThread::Place& place) {
    console_.warning(
        (place.begun ? "no training step was finished in " : "the training has not begun in ") +
        readable_duration(place.limit) +
        ": the host is very busy, or its device hangs; a second Ctrl-C ends the run, "
        "which goes on from its last checkpoint when it is started again");
  }

  ExitCode stopped(int signal, const Runner& runner) {
    show_stop(line_, signal, runner.progress().fraction(), console_);
    return static_cast<ExitCode>(128 + signal);
  }

  void deliver(const Summary& summary, const Checkpoint& state, Runner& runner) {
    try {
      files_.make_directories(line_.out);  // someone may have removed it meanwhile
      written_ = write_result(files_, paths_, summary.result);
      describe(state, session());
      files_.write_durably(paths_.telemetry, canonical_json(telemetry_json(telemetry_)) + "\n");
    } catch (const IoError&) {
      runner.save();  // what is computed need not be computed again
      throw;
    }
    if (!written_.kept.empty()) console_.note("an earlier result was kept: " + written_.kept);
    console_.note("result: " + paths_.result);
  }

  void describe(const Checkpoint& state, const RunProgress& progress) {
    telemetry_.client_version = client_version();
    telemetry_.build = build_identifier();
    telemetry_.experiment = work_.experiment->name();
    telemetry_.work_unit = work_.name;
    telemetry_.work_digest = state.work_digest;
    telemetry_.result_sha256 = written_.sha256;
    telemetry_.backend = backend_.backend().name();
    telemetry_.backend_reason = backend_.choice().reason;
    telemetry_.processor = processor_name();
    telemetry_.started = started_;
    telemetry_.finished = utc_timestamp();
    telemetry_.threads = plan_.threads;
    telemetry_.device_planned_bytes = plan_.device.planned_bytes;
    telemetry_.device_copied_bytes = backend_.backend().copied_bytes();
    telemetry_.networks_at_once = plan_.networks_at_once;
    const DeviceHealth health = backend_.health();
    telemetry_.replayed_steps = health.replayed_steps;
    telemetry_.audited_steps = health.audited_steps;
    telemetry_.mismatches = health.mismatches;
    telemetry_.seeds = work_.seeds.size();
    telemetry_.seconds_session = progress.seconds;
    telemetry_.seconds_total = state.seconds;
    telemetry_.thread_seconds_training = progress.training_seconds;
    telemetry_.thread_seconds_evaluating = progress.evaluating_seconds;
    telemetry_.thread_seconds_metrics = progress.metrics_seconds;
    telemetry_.processor_seconds_session = processor_seconds();
    telemetry_.flops_session = progress.session_flops;
    telemetry_.flops_resumed = progress.resumed_flops;
    telemetry_.planned_bytes = plan_.memory.total();
    telemetry_.peak_bytes = peak_resident_bytes();
    telemetry_.checkpoints = state.checkpoints;
    telemetry_.resumes = state.resumes;
  }

  const std::string started_ = utc_timestamp();
  const CommandLine& line_;
  boinc::Task& task_;
  const WorkUnit work_;
  const SeedPlan shape_;  // of any seed
  BackendFallback backend_;
  WorkerPlan plan_;
  std::optional<Runner> runner_;
  std::optional<RunProgress> before_;  // on devices that failed
  Console console_;
  FileSystem& files_ = real_file_system();
  const ResultPaths paths_{line_.out, work_.experiment->name()};
  WrittenResult written_;
  Telemetry telemetry_;
};

}  // namespace

ExitCode run_standalone(const CommandLine& line) {
  boinc::Assignment assignment{.device = std::nullopt, .threads = line.threads};
  if (line.backend != "auto") assignment.device = line.backend;
  boinc::StandaloneTask task(std::move(assignment), line.checkpoint_interval);
  return run_task(task, [&] {
    set_floating_point_environment();
    install_stop_signals();
    set_device_options(device_options(line));
    return StandaloneRun(line, task).run();
  });
}

}  // namespace axiom
