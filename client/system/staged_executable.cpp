#include "client/system/staged_executable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "client/system/posix_calls.h"
#include "client/system/process.h"
#include "client/system/program_swap.h"

namespace axiom {
namespace {

constexpr std::string_view staged_prefix = "new-";

bool is_at(const std::string& path, const struct stat& file) {
  struct stat named {};
  return ::lstat(path.c_str(), &named) == 0 && named.st_dev == file.st_dev &&
         named.st_ino == file.st_ino;
}

}  // namespace

StagedExecutable::StagedExecutable(const std::string& directory, std::string_view bytes)
    : path_(directory + "/" + std::string(staged_prefix) + random_hex(8)) {
  const int writable =
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700);
  if (writable == -1) throw_io_error("create", path_, errno);
  try {
    // Whatever the umask has taken away.
    if (::fchmod(writable, 0700) == -1) throw_io_error("set the permissions of", path_, errno);
    write_all(writable, path_, bytes);
    if (::fsync(writable) == -1) throw_io_error("write to the disk", path_, errno);
    // By the descriptor, not by the name: no other file can come in between.
    const std::string same = "/proc/self/fd/" + std::to_string(writable);
    file_ = ::open(same.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ == -1) throw_io_error("open", path_, errno);
  } catch (const IoError&) {
    ::close(writable);
    if (file_ != -1) ::close(file_);
    ::unlink(path_.c_str());
    throw;
  }
  ::close(writable);  // all is on the disk
}

StagedExecutable::~StagedExecutable() {
  ::close(file_);
  if (!placed_) ::unlink(path_.c_str());
}

std::string StagedExecutable::read_back() const {
  struct stat status {};
  if (::fstat(file_, &status) == -1) throw_io_error("examine", path_, errno);
  return read_at(file_, path_, 0, static_cast<std::size_t>(status.st_size));
}

ProgramOutcome StagedExecutable::run(const std::vector<std::string>& arguments,
                                     double timeout) const {
  return run_program(file_, path_, arguments, timeout);
}

std::optional<IoError> StagedExecutable::replace(const std::string& target) {
  struct stat held {};
  struct stat replaced {};
  if (::fstat(file_, &held) == -1) throw_io_error("examine", path_, errno);
  if (!is_at(path_, held)) {
    throw IoError("'" + path_ + "' was replaced by another file: nothing was changed");
  }
  if (::stat(target.c_str(), &replaced) == -1) throw_io_error("examine", target, errno);
  // Root leaves the program to whose it was: he could neither start it, with mode 0700, nor update
  // it.
  const bool given = ::geteuid() == 0 && replaced.st_uid != 0;
  if (given && ::fchown(file_, replaced.st_uid, replaced.st_gid) == -1) {
    throw_io_error("set the owner of", path_, errno);
  }
  if (::fchmod(file_, (replaced.st_mode & 0777) | 0500) == -1) {
    throw_io_error("set the permissions of", path_, errno);
  }
  if (::fsync(file_) == -1) throw_io_error("write to the disk", path_, errno);
  if (::rename(path_.c_str(), target.c_str()) == -1) {
    const int error = errno;
    // A file system that does as Windows does.
    if (error != EBUSY && error != ETXTBSY && error != EACCES && error != EPERM) {
      throw_io_error("replace", target, error);
    }
    try {
      swap_by_renaming(real_file_system(), path_, target);
    } catch (const IoError&) {
      if (!is_at(target, held)) throw;
    }
  }
  placed_ = true;
  try {
    sync_directory(parent_directory(target));
    sync_directory(parent_directory(path_));
  } catch (const IoError& doubt) {
    return doubt;
  }
  return std::nullopt;
}

void remove_staged_executables(const std::string& directory) {
  for (const std::string& name : real_file_system().list(directory)) {
    if (name.starts_with(staged_prefix)) real_file_system().remove(directory + "/" + name);
  }
}

}  // namespace axiom
