#include <algorithm>
#include <utility>

#include "client/backends/registry.h"
#include "client/commands/admission.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/console.h"
#include "client/commands/errors.h"
#include "client/commands/result_text.h"
#include "client/commands/standard_streams.h"
#include "client/result/canonical_json.h"
#include "client/result/compare.h"
#include "client/result/result_files.h"
#include "client/run/floating_point_environment.h"
#include "client/run/runner.h"
#include "client/run/summarize.h"
#include "client/run/worker_plan.h"
#include "client/system/memory.h"
#include "client/system/process.h"
#include "client/system/signals.h"
#include "client/work_unit/recorded_work.h"

namespace axiom {
namespace {

struct ResultFile {
  ResultText result;
  std::uint64_t bytes;  // of memory
};

ResultFile read_result(const std::string& path) {
  const std::uint64_t before = resident_bytes();
  ResultText result = result_text(path, real_file_system().read(path, maximum_result_bytes));
  const std::uint64_t after = resident_bytes();
  return {std::move(result), after - std::min(before, after)};
}

WorkUnit work_of(const std::string& path, const Json& result) {
  try {
    return recorded_work(result);
  } catch (const WorkUnitError& error) {
    throw WorkUnitError(path + ": " + error.what());
  }
}

// The result's text as this program computes it; nothing if it was told to stop.
std::optional<Summary> recompute_on(const BackendChoice& choice, const WorkUnit& work,
                                    std::uint64_t file_bytes, const CommandLine& line,
                                    Console& console) {
  const SeedPlan shape = work.experiment->plan(work.parameters, work.seeds.front());
  const WorkerPlan plan =
      admit(work, shape, choice, line.threads, nullptr, false, console, file_bytes);
  Checkpoint state;
  state.seeds.resize(work.seeds.size());
  Runner runner(work, *choice.backend, state, nullptr,
                {plan.threads, 0, stop_signal, plan.networks_at_once}, console);
  if (runner.run() != 0) return std::nullopt;
  console.finish(runner.progress());
  return summarize(work, state, stop_signal);
}

// Likewise; from the beginning on the next backend if a device that was chosen, not asked for,
// fails.
std::optional<Summary> recompute(BackendFallback used, const WorkUnit& work,
                                 std::uint64_t file_bytes, const CommandLine& line,
                                 Console& console) {
  for (;;) {
    try {
      std::optional<Summary> summary = recompute_on(used.choice(), work, file_bytes, line, console);
      warn_of_mismatches(used.health(), console);
      return summary;
    } catch (const DeviceError& error) {
      used.take_over(error, console);
    }
  }
}

struct Verdict {
  ExitCode code;
  std::string sentence;
  Json summary;
};

Verdict compare(const std::string& text, const Json& found, const std::string& recomputed) {
  if (text == recomputed) return {ExitCode::ok, "equal", {{"status", "equal"}}};
  const Json expected = Json::parse(recomputed);
  if (const auto difference = first_difference(expected, found)) {
    return {ExitCode::verify_differs,
            "differs at " + difference->path + ": recomputed " + difference->expected +
                ", the file has " + difference->found,
            {{"status", "differs"},
             {"path", difference->path},
             {"recomputed", difference->expected},
             {"found", difference->found}}};
  }
  const auto parting =
      std::mismatch(text.begin(), text.end(), recomputed.begin(), recomputed.end()).first;
  const auto byte = parting - text.begin() + 1;
  return {ExitCode::verify_differs,
          "differs at byte " + std::to_string(byte) +
              ": the values are equal, but the file is not in canonical form",
          {{"status", "differs"}, {"byte", byte}}};
}

}  // namespace

ExitCode verify_result(const CommandLine& line) {
  set_floating_point_environment();
  install_stop_signals();
  const ResultFile file = read_result(line.result);
  const WorkUnit work = work_of(line.result, file.result.values);
  set_device_options(device_options(line));
  const BackendFallback used(requested_backend(line), line.backend != "auto");
  Console console("verify", line.quiet);
  if (line.idle_priority) set_idle_priority();

  const std::optional<Summary> summary = recompute(used, work, file.bytes, line, console);
  if (!summary) {
    const int signal = stop_signal();
    print_diagnostic("error", "stopped by a signal: nothing was compared");
    return static_cast<ExitCode>(128 + signal);
  }
  const Verdict verdict = compare(file.result.text, file.result.values, summary->result);
  print(line.json ? canonical_json(verdict.summary) + "\n" : verdict.sentence + "\n");
  return verdict.code;
}

}  // namespace axiom
