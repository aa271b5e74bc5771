#include "client/commands/errors.h"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <system_error>

#include "checkpoint/checkpoint.h"
#include "checkpoint/store.h"
#include "client/backends/registry.h"
#include "client/command_line.h"
#include "client/plan/device_error.h"
#include "client/run/memory_plan.h"
#include "client/system/files.h"
#include "client/system/process.h"
#include "client/system/text.h"
#include "client/transfer/address.h"
#include "client/transfer/failure.h"
#include "client/update/failure.h"
#include "client/upload/upload_object.h"
#include "client/work_unit/work_unit.h"

namespace axiom {
namespace {

bool colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return is_terminal(2) && (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

ExitCode transfer_exit_code(TransferFailure failure) {
  switch (failure) {
    case TransferFailure::unreachable:
      return ExitCode::unreachable;
    case TransferFailure::tls_refused:
      return ExitCode::tls_refused;
    case TransferFailure::timed_out:
      return ExitCode::timed_out;
    case TransferFailure::answer_refused:
      return ExitCode::answer_refused;
    case TransferFailure::redirect_refused:
      return ExitCode::redirect_refused;
    case TransferFailure::too_much_data:
      return ExitCode::too_much_data;
  }
  return ExitCode::internal_error;
}

ExitCode update_exit_code(UpdateFailure failure) {
  switch (failure) {
    case UpdateFailure::no_keys:
      return ExitCode::no_update_keys;
    case UpdateFailure::signature_malformed:
      return ExitCode::signature_malformed;
    case UpdateFailure::signature_wrong:
      return ExitCode::signature_wrong;
    case UpdateFailure::comment_altered:
      return ExitCode::comment_altered;
    case UpdateFailure::too_few_signatures:
      return ExitCode::too_few_signatures;
    case UpdateFailure::same_key_twice:
      return ExitCode::same_key_twice;
    case UpdateFailure::mixed:
      return ExitCode::mixed_documents;
    case UpdateFailure::document_malformed:
      return ExitCode::document_malformed;
    case UpdateFailure::expired:
      return ExitCode::document_expired;
    case UpdateFailure::from_the_future:
      return ExitCode::document_from_the_future;
    case UpdateFailure::not_newer:
      return ExitCode::version_not_newer;
    case UpdateFailure::older_than_seen:
      return ExitCode::document_older_than_seen;
    case UpdateFailure::wrong_platform:
      return ExitCode::wrong_platform;
    case UpdateFailure::wrong_size:
      return ExitCode::wrong_size;
    case UpdateFailure::wrong_hash:
      return ExitCode::wrong_hash;
    case UpdateFailure::version_too_old:
      return ExitCode::version_too_old;
    case UpdateFailure::new_version_failed:
      return ExitCode::new_version_failed;
    case UpdateFailure::host_fails:
      return ExitCode::self_test_failed;
    case UpdateFailure::failed_before:
      return ExitCode::version_failed_before;
    case UpdateFailure::rotation_refused:
      return ExitCode::rotation_refused;
    case UpdateFailure::policy_refuses:
      return ExitCode::policy_refuses;
    case UpdateFailure::executable_damaged:
      return ExitCode::executable_damaged;
    case UpdateFailure::not_here:
      return ExitCode::update_not_here;
  }
  return ExitCode::internal_error;
}

constexpr std::size_t longest_plain_line = 400;
bool plain_diagnostics = false;

bool too_few_threads(const std::exception& error) {
  const auto* refused = dynamic_cast<const std::system_error*>(&error);
  return refused != nullptr && refused->code() == std::errc::resource_unavailable_try_again;
}

ExitCode report(ExitCode code, const std::exception& error) {
  print_diagnostic("error", line_of(error));
  return code;
}

}  // namespace

std::string line_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return "out of memory: close other programs or use fewer --threads";
  }
  if (too_few_threads(error)) {
    return "the system starts no more threads: use fewer --threads, or raise the limits on "
           "processes and memory";
  }
  return error.what();
}

bool is_memory_shortage(const std::exception& error) {
  return dynamic_cast<const NotEnoughMemory*>(&error) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&error) != nullptr || too_few_threads(error);
}

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return line;
}

void make_diagnostics_plain() { plain_diagnostics = true; }

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
  line += plain_diagnostics ? printable_ascii(std::string(text.substr(0, longest_plain_line)))
                            : one_line(text);
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
  } catch (const TransferError& error) {
    return report(transfer_exit_code(error.failure), error);
  } catch (const TransferUnavailable& error) {
    return report(ExitCode::no_libcurl, error);
  } catch (const UpdateError& error) {
    return report(update_exit_code(error.failure), error);
  } catch (const TransferStopped& error) {
    return report(static_cast<ExitCode>(128 + error.signal), error);
  } catch (const AddressError& error) {
    return report(ExitCode::usage, error);
  } catch (const UploadError& error) {
    return report(ExitCode::usage, error);
  } catch (const std::exception& error) {
    return report(is_memory_shortage(error) ? ExitCode::memory : ExitCode::internal_error, error);
  }
}

}  // namespace axiom
