#include "client/commands/errors.h"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "checkpoint/checkpoint.h"
#include "checkpoint/store.h"
#include "client/backends/registry.h"
#include "client/command_line.h"
#include "client/plan/device_error.h"
#include "client/run/memory_plan.h"
#include "client/system/files.h"
#include "client/system/process.h"
#include "client/work_unit/work_unit.h"

namespace axiom {
namespace {

bool colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return is_terminal(2) && (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

ExitCode report(ExitCode code, const std::exception& error) {
  print_diagnostic("error", error.what());
  return code;
}

}  // namespace

ExitCode exit_code_of(DeviceStatus status) {
  switch (status) {
    case DeviceStatus::no_driver:
      return ExitCode::no_driver;
    case DeviceStatus::driver_too_old:
      return ExitCode::driver_too_old;
    case DeviceStatus::no_device:
      return ExitCode::no_device;
    case DeviceStatus::unsupported:
      return ExitCode::unsupported_device;
    case DeviceStatus::out_of_memory:
      return ExitCode::device_memory;
    case DeviceStatus::lost:
      return ExitCode::device_lost;
    case DeviceStatus::wrong_results:
      return ExitCode::wrong_results;
  }
  return ExitCode::internal_error;
}

void print_diagnostic(std::string_view kind, std::string_view text) {
  std::string line = std::string(kind) + ":";
  if (colour()) line = "\x1b[1m" + line + "\x1b[0m";
  line += ' ';
  for (const char c : text) {
    line += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

ExitCode reporting_errors(const std::function<ExitCode()>& command) {
  try {
    return command();
  } catch (const UsageError& error) {
    return report(ExitCode::usage, error);
  } catch (const WorkUnitError& error) {
    return report(ExitCode::invalid_input, error);
  } catch (const NotEnoughMemory& error) {
    return report(ExitCode::memory, error);
  } catch (const DeviceError& error) {
    return report(exit_code_of(error.status()), error);
  } catch (const BackendError& error) {
    return report(ExitCode::backend, error);
  } catch (const CheckpointMismatch& error) {
    return report(ExitCode::checkpoint_mismatch, error);
  } catch (const CheckpointError& error) {
    return report(ExitCode::checkpoint_mismatch, error);
  } catch (const IoError& error) {
    return report(ExitCode::input_output, error);
  } catch (const std::bad_alloc&) {
    print_diagnostic("error", "out of memory: close other programs or use fewer --threads");
    return ExitCode::memory;
  } catch (const std::exception& error) {
    return report(ExitCode::internal_error, error);
  }
}

}  // namespace axiom
