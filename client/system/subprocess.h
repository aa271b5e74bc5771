// Other programs: run and waited for, or gone on as.
#pragma once

#include <string>
#include <vector>

namespace axiom {

struct ProgramOutcome {
  int status = 0;      ///< exit status (127 if it is no program), 128 + signal, −1: took too long
  std::string output;  ///< the first 4 KiB of standard output
};

/// Runs the program in an open file and waits for its end, at most `timeout` seconds. It inherits
/// no file but /dev/null. IoError, also if the system does not start it for reasons that are not in
/// the file (no memory, no right to execute there), or does not say how it ended. `path` is for the
/// message.
ProgramOutcome run_program(int file, const std::string& path,
                           const std::vector<std::string>& arguments, double timeout);

/// Likewise, of the program in `path`.
ProgramOutcome run_program(const std::string& path, const std::vector<std::string>& arguments,
                           double timeout);

/// Goes on as the program in `path`, with these arguments (the first is its name). Returns only if
/// that fails: IoError.
[[noreturn]] void become(const std::string& path, const std::vector<std::string>& arguments);

}  // namespace axiom
