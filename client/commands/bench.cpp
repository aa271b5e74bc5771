#include <algorithm>

#include "client/benchmark/benchmark.h"
#include "client/benchmark/benchmark_json.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/console.h"
#include "client/commands/errors.h"
#include "client/commands/standard_streams.h"
#include "client/result/canonical_json.h"
#include "client/run/floating_point_environment.h"
#include "client/system/clock.h"
#include "client/system/memory.h"
#include "client/system/process.h"
#include "client/system/signals.h"

namespace axiom {
namespace {

BenchmarkOptions options_of(const CommandLine& line, Console& console) {
  BenchmarkOptions options;
  options.seconds = line.bench_seconds;
  options.threads = line.threads > 0 ? line.threads : usable_processors();
  options.experiments = experiments();
  options.stop_signal = stop_signal;
  options.note = [&console](std::string_view what) {
    console.note("measuring " + std::string(what));
  };
  // Three arrays, of which no host should feel the lack.
  options.array_bytes =
      std::min<std::size_t>(options.array_bytes, host_memory().available / 16 / 4096 * 4096);
  return options;
}

// What was measured counts even where it cannot be kept.
void keep(const CommandLine& line, const BenchmarkRecord& record, Console& console) {
  try {
    const std::string directory = data_directory(line);
    write_record(real_file_system(), directory, record);
    console.note("--backend auto takes " +
                 (record.fastest.empty() ? "the first that is right" : record.fastest) +
                 " from now on: " + record_path(directory));
  } catch (const IoError& error) {
    console.warning(std::string(error.what()) + ": --backend auto does not follow this benchmark");
  } catch (const NoHomeDirectory& error) {
    console.warning(std::string(error.what()) + ": --backend auto does not follow this benchmark");
  }
}

std::vector<MeasuredHost::Part> broken_parts(const BenchmarkReport& report) {
  std::vector<MeasuredHost::Part> parts;
  for (const BackendReport& backend : report.backends) {
    if (!backend.broken.empty()) parts.push_back({backend.name, backend.identity});
  }
  return parts;
}

// A choice is among what was measured: a device that failed meanwhile may be there again.
MeasuredHost measured_parts(MeasuredHost host, const BenchmarkReport& report) {
  std::erase_if(host.backends, [&](const MeasuredHost::Part& part) {
    const auto measured =
        std::find_if(report.backends.begin(), report.backends.end(),
                     [&](const BackendReport& backend) { return backend.name == part.backend; });
    return measured != report.backends.end() && !measured->unavailable.empty();
  });
  return host;
}

const Backend& reference_backend_of_all() { return *processor_backends().back(); }

}  // namespace

ExitCode run_bench(const CommandLine& line) {
  set_floating_point_environment();
  install_stop_signals();
  set_device_options(device_options(line));
  Console console("bench", line.quiet);
  const std::string date = utc_timestamp();
  const auto report =
      run_benchmark(backends(), reference_backend_of_all(), options_of(line, console));
  if (!report) {
    const int signal = stop_signal();
    print_diagnostic("error", "stopped by a signal: nothing was kept");
    return static_cast<ExitCode>(128 + signal);
  }
  const MeasuredHost host = this_host();
  keep(line, {measured_parts(host, *report), date, report->fastest, broken_parts(*report)},
       console);
  print(line.json ? canonical_json(benchmark_json(*report, host, date)) + "\n"
                  : benchmark_table(*report, host));
  if (report->any_broken()) {
    print_diagnostic("error",
                     "a backend computes other numbers than the reference: do not use it "
                     "(overclocked? damaged memory? driver?)");
  }
  return report->exit_code();
}

}  // namespace axiom
