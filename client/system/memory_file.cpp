#include "client/system/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "client/system/errors_posix.h"

namespace axiom {

MemoryFile::MemoryFile(std::string_view bytes)
    : file_(::memfd_create("axiom-client", MFD_CLOEXEC)),
      path_("/proc/self/fd/" + std::to_string(file_)) {
  if (file_ == -1) throw_io_error("create", "a file in memory", errno);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written == -1 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = errno;
      ::close(file_);
      throw_io_error("write", "a file in memory", error);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

MemoryFile::~MemoryFile() { ::close(file_); }

}  // namespace axiom
