// A program that is to take another's place.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/system/files.h"
#include "client/system/subprocess.h"

namespace axiom {

/// A program on its way to its place: in a private file that this process has written and holds
/// open, so that what is checked, run and put in place is one and the same. All functions throw
/// IoError.
class StagedExecutable {
 public:
  /// Writes `bytes` durably to a new file in `directory`, under a random name.
  StagedExecutable(const std::string& directory, std::string_view bytes);
  /// Removes the file unless it has been put in place.
  ~StagedExecutable();
  StagedExecutable(const StagedExecutable&) = delete;
  StagedExecutable& operator=(const StagedExecutable&) = delete;

  /// All bytes, read from the open file.
  std::string read_back() const;

  /// Runs the open file: run_program().
  ProgramOutcome run(const std::vector<std::string>& arguments, double timeout) const;

  /// Takes the place of `target`, atomically and durably, with its permissions and, for root, its
  /// owner; where the file system refuses to replace a program that runs, by two renames
  /// (program_swap.h). On the same file system as the directory. When it throws, `target` is the
  /// one before. Returns why that it has changed is not known to be on the disk, if so: after a
  /// power cut `target` may be the one before.
  [[nodiscard]] std::optional<IoError> replace(const std::string& target);

 private:
  std::string path_;
  int file_ = -1;  // open for reading only: a file open for writing cannot be run
  bool placed_ = false;
};

/// Removes what killed processes left of StagedExecutable in `directory`. IoError.
void remove_staged_executables(const std::string& directory);

}  // namespace axiom
