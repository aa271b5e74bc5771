#include "client/commands/backend_choice.h"

#include "client/commands/errors.h"
#include "client/commands/version.h"
#include "client/system/process.h"

namespace axiom {
namespace {

BackendPreference recorded_preference(const CommandLine& line) {
  try {
    const auto record = read_record(real_file_system(), data_directory(line));
    return record ? preference(*record, this_host()) : BackendPreference{};
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

MeasuredHost this_host() { return measured_host(client_version(), build_identifier(), backends()); }

BackendChoice requested_backend(const CommandLine& line) {
  if (line.backend != "auto") return choose_backend(line.backend);
  return choose_backend(line.backend, recorded_preference(line));
}

}  // namespace axiom
