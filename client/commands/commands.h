// What the program can be asked to do. Each returns the exit code or throws (errors.h).
#pragma once

#include "client/command_line.h"
#include "client/run/exit_code.h"

namespace axiom {

/// Runs a work unit in the foreground and leaves its result in a directory.
ExitCode run_standalone(const CommandLine& line);
/// Measures the backends, and keeps which is the fastest for `--backend auto`.
ExitCode run_bench(const CommandLine& line);
/// Lists the backends and says which of them this host can run.
ExitCode show_devices(const CommandLine& line);
/// Computes a result file again and compares.
ExitCode verify_result(const CommandLine& line);
/// Known answers of every kernel that this host can run.
ExitCode test_self();
ExitCode show_version();
ExitCode show_help();

}  // namespace axiom
