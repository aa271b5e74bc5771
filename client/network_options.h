// The options of everything that uses the network (docs/UPLOADS.md, docs/UPDATES.md). Without one
// of them the program opens no connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/transfer/retry.h"

namespace CLI {
class App;
}

namespace axiom {

/// Checked options.
struct NetworkOptions {
  std::string upload_url;                             ///< empty = none
  std::string upload_credentials;                     ///< path; empty = none
  std::optional<double> intermediate_interval;        ///< seconds; none = nothing before the end
  std::uint64_t outbox_limit = 100 * 1000 * 1000ull;  ///< bytes that wait, for parts to be queued
  std::string policy_url;                             ///< empty = none
  std::string upload_directory;                       ///< upload: where results and outbox are
  bool print_upload = false;
  bool update_check = false;
  bool update_apply = false;
  std::string channel;

  std::string ca_file;
  std::vector<std::string> pins;
  double connect_timeout = 30;  ///< seconds
  double stall_timeout = 60;    ///< seconds
  std::optional<double> total_timeout;
  RetrySettings retry;
};

/// Declares, then checks these options on the command line of the program.
class NetworkOptionParser {
 public:
  void declare(CLI::App& app);
  /// `subcommand` is empty for --standalone. UsageError if options are wrong or do not go together.
  NetworkOptions checked(const CLI::App& app, const std::string& subcommand);

 private:
  void check_transfer_options(const CLI::App& app);
  void check_subcommand(const CLI::App& app, const std::string& subcommand) const;

  NetworkOptions options_;
  std::string connect_timeout_, stall_timeout_, total_timeout_, retry_for_, retry_delay_;
  std::string upload_intermediate_, outbox_limit_;
};

}  // namespace axiom
