#include "client/system/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "client/system/files.h"
#include "client/system/posix_calls.h"

namespace axiom {

MemoryFile::MemoryFile(std::string_view bytes)
    : file_(::memfd_create("axiom-client", MFD_CLOEXEC)),
      path_("/proc/self/fd/" + std::to_string(file_)) {
  if (file_ == -1) throw_io_error("create", "a file in memory", errno);
  try {
    write_all(file_, "a file in memory", bytes);
  } catch (const IoError&) {
    ::close(file_);
    throw;
  }
}

MemoryFile::~MemoryFile() { ::close(file_); }

}  // namespace axiom
