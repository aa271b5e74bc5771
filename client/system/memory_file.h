// Bytes in memory, for libraries that read only files.
#pragma once

#include <string>
#include <string_view>

namespace axiom {

/// A file of this process that is on no disk.
class MemoryFile {
 public:
  /// IoError.
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// For opening it again, in this process, while it lives.
  const std::string& path() const { return path_; }

 private:
  int file_;
  std::string path_;
};

}  // namespace axiom
