// Programs as files: this one, and one that is to take its place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/system/files.h"

namespace axiom {

/// The file of this process, without links. IoError if it was removed or replaced meanwhile.
std::string own_executable();

/// The last `bytes` bytes of a file, or all if it is shorter. IoError.
std::string end_of_file(const std::string& path, std::size_t bytes);

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

  struct Outcome {
    int status = 0;  ///< exit status (127 if it is no program), 128 + signal, −1: took too long
    std::string output;  ///< the first 4 KiB of standard output
  };
  /// Runs the open file and waits for its end, at most `timeout` seconds. IoError also if the
  /// system does not start it for reasons that are not in the file: no memory, no right to execute
  /// there.
  Outcome run(const std::vector<std::string>& arguments, double timeout) const;

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

/// Goes on as the program in `path`, with these arguments (the first is its name). Returns only if
/// that fails: IoError.
[[noreturn]] void become(const std::string& path, const std::vector<std::string>& arguments);

}  // namespace axiom
