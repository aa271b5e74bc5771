// Where the limits of this process's control groups stand (Linux). Only for the files of this
// folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace axiom {

/// A control group in the file system; version 1 or 2.
struct ControlGroup {
  int version = 2;
  std::string directory;
};

/// The process's own group for `controller` ("memory", "cpu") and its ancestors up to the mount, in
/// each hierarchy that is mounted. Limits hold at every level. Empty if there are no groups.
/// `root` is put before each path; "" for the real system.
std::vector<ControlGroup> control_groups(const std::string& root, std::string_view controller);

/// All of a small system file, nothing if it cannot be read.
std::optional<std::string> read_system_file(const std::string& path);

/// The number that follows `key` at the start of a line, nothing if there is none: as in
/// "MemTotal:  16 kB" or "inactive_file 4096".
std::optional<std::uint64_t> number_after(const std::string& text, std::string_view key);

/// The number at the start of the file; nothing for "max", -1 or a missing file.
std::optional<std::uint64_t> number_in_file(const std::string& path);

}  // namespace axiom
