#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "client/system/files.h"
#include "client/system/posix_calls.h"

namespace axiom {

// flock() belongs to the open file, so the kernel releases it when the process ends, by whatever
// means. The file is never removed: a process that waits on a removed file would lock nothing.
DirectoryLock::DirectoryLock(const std::string& directory) : handle_(-1) {
  const std::string path = directory + "/.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file == -1) throw_io_error("create the lock file", path, errno);
  int locked = ::flock(file, LOCK_EX | LOCK_NB);
  while (locked == -1 && errno == EINTR) locked = ::flock(file, LOCK_EX | LOCK_NB);
  if (locked == -1) {
    const int error = errno;
    ::close(file);
    if (error != EWOULDBLOCK) throw_io_error("lock", path, error);
    throw DirectoryInUseError("the directory '" + directory +
                              "' is in use by another axiom-client: wait for it to end, or choose "
                              "another directory");
  }
  handle_ = file;
}

DirectoryLock::~DirectoryLock() { ::close(static_cast<int>(handle_)); }

}  // namespace axiom
