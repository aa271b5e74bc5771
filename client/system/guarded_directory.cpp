#include "client/system/guarded_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "client/system/files.h"
#include "client/system/posix_calls.h"

namespace axiom {
namespace {

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == -1) throw_io_error("examine", path, errno);
  return status;
}

}  // namespace

void require_guarded(const std::string& directory, const std::string& executable) {
  struct stat named {};
  if (::lstat(directory.c_str(), &named) == -1) {
    if (errno == ENOENT || errno == ENAMETOOLONG) return;  // then there can be none
    throw_io_error("examine", directory, errno);
  }
  const struct stat meant = status_of(directory);  // by a link
  const uid_t owner = status_of(executable).st_uid;
  const auto trusted = [&](uid_t user) {
    return user == 0 || user == ::geteuid() || user == owner;
  };
  if (trusted(named.st_uid) && trusted(meant.st_uid) && (meant.st_mode & 022) == 0) return;
  throw IoError("'" + directory +
                "' belongs to another user, or others may write there: nothing in it is heeded; "
                "remove it, or take away their right to write");
}

void give_to_owner(const std::string& directory, const std::string& executable) {
  const struct stat program = status_of(executable);
  if (::geteuid() != 0 || program.st_uid == 0) return;
  // By descriptor, and no links: it is the owner who could change names meanwhile.
  const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened == -1) throw_io_error("open the directory", directory, errno);
  bool given = ::fchown(opened, program.st_uid, program.st_gid) == 0;
  for (const std::string& name : real_file_system().list(directory)) {
    given = ::fchownat(opened, name.c_str(), program.st_uid, program.st_gid, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            given;
  }
  const int error = errno;
  ::close(opened);
  if (!given) throw_io_error("set the owner of", directory, error);
}

}  // namespace axiom
