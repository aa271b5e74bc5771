#include "client/commands/backend_choice.h"

#include "client/backends/processor_name.h"
#include "client/commands/errors.h"
#include "client/commands/version.h"
#include "client/plan/device_error.h"
#include "client/system/process.h"

namespace axiom {
namespace {

std::optional<BenchmarkRecord> last_benchmark(const CommandLine& line) {
  try {
    return read_record(real_file_system(), data_directory(line));
  } catch (const RecordError& error) {
    print_diagnostic("warning", error.what());
  } catch (const IoError& error) {
    print_diagnostic("warning", std::string(error.what()) + ": the benchmark is ignored");
  } catch (const NoHomeDirectory&) {
    // Nothing was ever kept there.
  }
  return {};
}

}  // namespace

std::string data_directory(const CommandLine& line) {
  return line.data_directory.empty() ? default_data_directory() : line.data_directory;
}

DeviceOptions device_options(const CommandLine& line) {
  return {line.desktop, line.replay_share.value_or(default_replay_share), line.device_memory};
}

MeasuredHost this_host() { return measured_host(client_version(), build_identifier(), backends()); }

std::optional<BenchmarkRecord> take_up_benchmark(const CommandLine& line) {
  std::optional<BenchmarkRecord> record = last_benchmark(line);
  if (record) {
    exclude_backends(exclusions(*record, client_version(), build_identifier(), processor_name()));
  }
  return record;
}

void require_not_broken(const Backend& backend) {
  const std::string reason = exclusion_reason(backend);
  if (reason.empty()) return;
  throw DeviceError(DeviceStatus::wrong_results,
                    backend.name() + " computes wrong numbers: " + reason +
                        "; undo overclocking, check cooling and power");
}

BackendChoice requested_backend(const CommandLine& line) {
  const bool device = line.backend.starts_with("cuda");
  if (line.backend != "auto" && !device) return choose_backend(line.backend);
  const std::optional<BenchmarkRecord> record = take_up_benchmark(line);
  if (device || !record) return choose_backend(line.backend);
  return choose_backend(line.backend, preference(*record, this_host()));
}

}  // namespace axiom
