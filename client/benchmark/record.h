// The outcome of the last benchmark, kept for `--backend auto`. It decides which backend is chosen,
// never a bit of a result.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/backends/registry.h"
#include "client/plan/backend.h"
#include "client/system/files.h"

namespace axiom {

/// What measured speeds belong to: when any of it changes, they are no longer valid.
struct MeasuredHost {
  struct Part {
    std::string backend;
    std::string device;  ///< Backend::device_identity()
    bool operator==(const Part&) const = default;
  };
  std::string client_version;
  std::string build;
  std::string processor;
  std::vector<Part> backends;  ///< that the host can run

  bool operator==(const MeasuredHost&) const = default;
};

struct BenchmarkRecord {
  MeasuredHost host;
  std::string date;     ///< ISO 8601, UTC
  std::string fastest;  ///< backend; empty if none is usable
  std::vector<MeasuredHost::Part> broken;
};

/// The file holds something else than a record of this schema; one line that names it.
class RecordError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string record_path(const std::string& directory);

/// This program on this host.
MeasuredHost measured_host(const std::string& client_version, const std::string& build,
                           std::span<const Backend* const> backends);

/// Creates the directory if need be and replaces the record durably. IoError.
void write_record(FileSystem& files, const std::string& directory, const BenchmarkRecord& record);
/// Nothing if there is none. RecordError, or IoError if the file cannot be read.
std::optional<BenchmarkRecord> read_record(FileSystem& files, const std::string& directory);

/// What a record found broken, as long as it is the same program on the same processor; for a
/// device, also the same device and driver. Other backends may have come or gone, unlike for the
/// speeds.
std::vector<Exclusion> exclusions(const BenchmarkRecord& record, const std::string& client_version,
                                  const std::string& build, const std::string& processor);

/// What a record means for the choice now: its fastest backend, or why it does not count.
BackendPreference preference(const BenchmarkRecord& record, const MeasuredHost& now);

}  // namespace axiom
