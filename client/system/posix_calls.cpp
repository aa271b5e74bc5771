#include "client/system/posix_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include "client/system/files.h"

namespace axiom {

void throw_io_error(const std::string& what, const std::string& path, int error) {
  std::string message =
      "cannot " + what + " '" + path + "': " + std::system_category().message(error);
  if (error == ENOSPC || error == EDQUOT) throw DiskFullError(message + "; free some space there");
  if (error == EACCES || error == EPERM) {
    throw AccessDeniedError(message + "; check its owner and permissions");
  }
  if (error == EEXIST) message += "; choose another name, or remove what has it";
  if (error == EROFS) message += "; choose a directory that can be written";
  if (error == EXDEV) message += "; both have to lie on one file system";
  if (error == EFBIG) message += "; raise the limit on the size of a file (ulimit -f)";
  if (error == EMFILE) message += "; raise the limit on open files (ulimit -n)";
  if (error == EIO) message += "; check the disk";
  if (error == ENXIO) message += "; it is a pipe, socket or device: give a file, or remove it";
  throw IoError(message);
}

std::string read_at(int file, const std::string& path, off_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  std::size_t got = 0;
  while (got < length) {
    const ssize_t count = retried([&] {
      return ::pread(file, bytes.data() + got, length - got, offset + static_cast<off_t>(got));
    });
    if (count == -1) throw_io_error("read", path, errno);
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  bytes.resize(got);
  return bytes;
}

void write_all(int file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = retried([&] { return ::write(file, bytes.data(), bytes.size()); });
    if (written <= 0) throw_io_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_directory(const std::string& path) {
  const int directory =
      retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (directory == -1) throw_io_error("open the directory", path, errno);
  const int synced = retried([&] { return ::fsync(directory); });
  const int error = errno;
  ::close(directory);
  // EINVAL: this file system has no such operation (some network and user-space ones).
  if (synced == -1 && error != EINVAL) {
    throw_io_error("write to the disk the directory", path, error);
  }
}

}  // namespace axiom
