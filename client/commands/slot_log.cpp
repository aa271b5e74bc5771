#include "client/commands/slot_log.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "client/backends/processor_name.h"
#include "client/commands/errors.h"
#include "client/commands/version.h"
#include "client/system/digest.h"
#include "client/system/memory.h"
#include "client/system/text.h"

namespace axiom {
namespace {

constexpr int most_warnings = 10;
constexpr std::uintmax_t most_of_starts = 3072;  // bytes; the rest of 4 KiB is for the end

// A task that is stopped again and again, for days on a slow host, has more starts than there is
// room for.
bool log_is_full() {
  std::error_code unknown;
  const std::uintmax_t bytes = std::filesystem::file_size(boinc::log_file, unknown);
  return !unknown && bytes > most_of_starts;
}

std::string counted(std::uint64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace

SlotLog::SlotLog(const boinc::ClientTask& task)
    : task_(task),
      brief_(task.started_before()),
      full_(brief_ && log_is_full()),
      silent_(brief_),
      console_("progress", false) {
  console_.resume_at(task.reported_fraction());
}

void SlotLog::detail(const std::string& line) {
  if (!brief_) console_.note(printable_ascii(line));
}

void SlotLog::begin(const SlotOptions& options) {
  summary_ = "axiom-client " + client_version() + " (" + build_identifier() + ")";
  detail(summary_ + ", task " + task_.data().result_name);
  if (brief_) return;
  for (const std::string& argument : options.ignored)
    warning("argument ignored: " + argument.substr(0, 60));
}

void SlotLog::backend(const BackendChoice& choice) {
  const std::string device = choice.backend->device();
  const boinc::InitData& data = task_.data();
  std::string line = "device: ";
  if (data.gpu_device < 0) {
    line += "none, a task for the processor";
  } else {
    line += data.gpu_type + " number " + std::to_string(data.gpu_device);
  }
  detail(device.empty() ? line : line + ", " + device);
  detail("processor: " + processor_name() + ", " + processor_features());
  detail("backend: " + choice.backend->name() + " (" + choice.reason + ")");
  summary_ += ", " + choice.backend->name();
}

void SlotLog::memory(const boinc::AllowedMemory& memory) {
  detail("memory: host " + readable_bytes(memory.total) + ", free " + readable_bytes(memory.free) +
         ", allowed by BOINC " + readable_bytes(memory.allowed));
}

void SlotLog::plan(const WorkerPlan& plan) {
  std::string line = "memory plan: " + readable_bytes(plan.memory.total());
  if (plan.device.planned_bytes > 0) {
    line += ", of the device " + readable_bytes(plan.device.planned_bytes) + " of " +
            readable_bytes(plan.device.free_bytes) + " free";
  }
  const std::string threads = counted(static_cast<std::uint64_t>(plan.threads), "thread");
  detail(line + ", " + threads + ", checkpoints every " +
         readable_duration(task_.data().checkpoint_period));
  summary_ += ", " + threads;
}

void SlotLog::self_test_passed() { detail("self-test: passed"); }

void SlotLog::work(const WorkUnit& work) {
  detail("work unit: " + task_.data().work_unit_name + ", " + std::string(work.experiment->name()) +
         ", " + counted(work.seeds.size(), "seed") + " from " + std::to_string(work.seeds.front()));
}

void SlotLog::starting(const Checkpoint& state, double fraction) {
  if (full_) return;
  std::string line =
      (state.resumes > 0 ? "resuming at " : "starting at ") + readable_percent(fraction);
  if (state.resumes > 0) line += ", resume " + std::to_string(state.resumes);
  console_.note(brief_ ? line + ": " + summary_ : line);
  silent_ = false;
}

// A tenth is shown once it is noted: else a start after this one, if it is killed now, would show
// it again.
void SlotLog::progress(const RunProgress& progress) {
  const auto tenths = [](double fraction) { return static_cast<int>(fraction * 10); };
  if (tenths(progress.fraction()) <= tenths(task_.reported_fraction())) console_.progress(progress);
}

void SlotLog::complete() {
  console_.note("the result is complete since an earlier start: " + summary_);
}

void SlotLog::failed() {
  if (silent_) console_.note("started again: " + summary_);
}

void SlotLog::warning(const std::string& line) {
  if (++warnings_ <= most_warnings) console_.warning(line);
}

void SlotLog::left(double fraction, bool saved) {
  if (full_ && saved) return;
  console_.note("left at " + readable_percent(fraction) +
                (saved ? ", checkpoint saved" : ", goes on from the checkpoint before"));
}

void SlotLog::aborted() { console_.note("aborted by the BOINC client"); }

void SlotLog::finish(const RunProgress& progress, const Checkpoint& state,
                     const DeviceHealth& health, std::string_view result) {
  if (health.mismatches > 0) {
    warning(std::to_string(health.mismatches) +
            " times the device gave two results for the same steps; they were computed again");
  }
  if (warnings_ > most_warnings) {
    console_.note(std::to_string(warnings_) + " warnings since the last start");
  }
  std::array<char, 32> speed{};
  std::snprintf(speed.data(), speed.size(), "%.1f GFLOP/s", progress.gflops_per_second());
  console_.note("trained and measured in " + readable_duration(progress.seconds) + ", " +
                speed.data());
  console_.note("total " + readable_duration(state.seconds) + ", " +
                counted(state.checkpoints, "checkpoint") + ", " + counted(state.resumes, "resume") +
                ", most memory " + readable_bytes(peak_resident_bytes()));
  console_.note("result: SHA-256 " + sha256_hex(result));
}

}  // namespace axiom
