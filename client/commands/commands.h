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
/// Says what a work unit will take, without running it.
ExitCode show_plan(const CommandLine& line);
/// Computes a result file again and compares.
ExitCode verify_result(const CommandLine& line);
/// Many results together: means, figures, a table for other programs.
ExitCode report_results(const CommandLine& line);
/// Known answers of every kernel that this host can run.
ExitCode test_self();
/// Sends what waits in a directory's outbox, or prints it.
ExitCode upload_waiting(const CommandLine& line);
/// Looks for a newer program, or puts it in place.
ExitCode update_program(const CommandLine& line);
/// The task of a BOINC slot, in the current directory; ends the process unless it cannot start.
ExitCode run_slot_task(int argc, const char* const* argv);
ExitCode show_version();
ExitCode show_help();
/// Of the commands that use the network.
ExitCode show_network_help();

}  // namespace axiom
