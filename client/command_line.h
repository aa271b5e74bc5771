// The options of the program (docs/USAGE.md).
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/network_options.h"

namespace axiom {

/// Options that are unknown, wrong or do not go together; one line.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Action {
  standalone,
  bench,
  devices,
  plan,
  verify,
  report,
  self_test,
  upload,
  update,
  network_help,
  version,
  help
};

/// `report`: many results together.
struct ReportOptions {
  std::vector<std::string> paths;  ///< files and directories
  std::string csv, html;           ///< to be written; empty = not
  bool skip_damaged = false;       ///< leave out what is no result instead of ending
};

/// Checked options.
struct CommandLine {
  Action action = Action::help;

  // standalone and plan: a file, or what a file would say
  std::string work_unit;  ///< path; empty if given by options
  std::string experiment;
  std::uint64_t seed = 0;
  std::optional<std::uint64_t> seeds;
  std::optional<std::string> preset;
  std::vector<std::string> overrides;  ///< KEY=JSON
  std::string out = "axiom-results";   ///< directory
  std::string data_directory;          ///< empty = the system's default
  double checkpoint_interval = 60;     ///< seconds
  double step_limit = 600;             ///< seconds without a finished step until a warning
  bool idle_priority = true;

  std::string result;  ///< verify: path
  ReportOptions report;

  NetworkOptions network;
  double bench_seconds = 40;  ///< bench: aims to be done by then

  std::string backend = "auto";
  bool desktop = false;                ///< short launches on a GPU
  std::optional<double> replay_share;  ///< of the work of a GPU, done twice and compared
  std::uint64_t device_memory =
      0;            ///< bytes of a GPU's memory that may be used; 0 = most of the free
  int threads = 0;  ///< 0 = all processors; with a GPU two
  bool json = false;
  bool quiet = false;
};

/// Throws UsageError.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace axiom
