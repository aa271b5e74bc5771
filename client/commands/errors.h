// From exceptions to one line and an exit code (docs/ERRORS.md).
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "client/plan/device_error.h"
#include "client/run/exit_code.h"

namespace axiom {

/// Runs a command; what it throws becomes one line "error: ..." on standard error and the exit code
/// of its kind.
ExitCode reporting_errors(const std::function<ExitCode()>& command);

ExitCode exit_code_of(DeviceStatus status);

/// What an exception says, in words of ours where the standard library's say nothing.
std::string line_of(const std::exception& error);

/// Memory, or threads, which need some: it may pass.
bool is_memory_shortage(const std::exception& error);

/// The text on one line, whatever it holds: control characters become "?".
std::string one_line(std::string_view text);

/// From now on diagnostics are plain lines, and no longer than 400 characters: for a task's log.
void make_diagnostics_plain();

/// "error: TEXT" or the like on standard error, on one line whatever the text holds.
void print_diagnostic(std::string_view kind, std::string_view text);

}  // namespace axiom
