#include "client/system/executable.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <sstream>

#include "client/system/clock.h"
#include "client/system/errors_posix.h"
#include "client/system/files.h"
#include "client/system/process.h"
#include "client/system/program_swap.h"

namespace axiom {
namespace {

constexpr std::string_view staged_prefix = "new-";
constexpr std::size_t output_limit = 4096;
constexpr int not_started = 127;

void write_all(int file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written == -1 && errno == EINTR) continue;
    if (written <= 0) throw_io_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_at(int file, const std::string& path, off_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  std::size_t got = 0;
  while (got < length) {
    const ssize_t count =
        ::pread(file, bytes.data() + got, length - got, offset + static_cast<off_t>(got));
    if (count == -1 && errno == EINTR) continue;
    if (count == -1) throw_io_error("read", path, errno);
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  bytes.resize(got);
  return bytes;
}

bool is_at(const std::string& path, const struct stat& file) {
  struct stat named {};
  return ::lstat(path.c_str(), &named) == 0 && named.st_dev == file.st_dev &&
         named.st_ino == file.st_ino;
}

void sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory == -1) throw_io_error("open the directory", path, errno);
  const int synced = ::fsync(directory);
  const int error = errno;
  ::close(directory);
  if (synced == -1 && error != EINVAL)
    throw_io_error("write to the disk the directory", path, error);
}

// Whether exec() refuses what is in a file: no program, or one for other systems or without its
// loader. All else is this host's trouble, which may pass.
bool is_of_the_file(int error) {
  return error == ENOEXEC || error == ENOENT || error == EINVAL || error == ELIBBAD;
}

std::vector<char*> pointers(const std::vector<std::string>& arguments) {
  std::vector<char*> list;
  for (const std::string& argument : arguments) list.push_back(const_cast<char*>(argument.c_str()));
  list.push_back(nullptr);
  return list;
}

// What a child writes until it closes its end or time is up.
std::string drain(int pipe, double until) {
  std::string output;
  std::array<char, 1024> buffer{};
  while (true) {
    const double left = until - monotonic_seconds();
    if (left <= 0) return output;
    pollfd waiting{pipe, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min(left, 3600.0) * 1000) + 1);
    if (ready == -1 && errno != EINTR) return output;
    if (ready <= 0) continue;
    const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) return output;
    const std::size_t room = output_limit - output.size();
    output.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

int wait_until(pid_t child, double until) {
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if ((ended == -1 && errno != EINTR) || monotonic_seconds() >= until) break;
    ::usleep(5000);
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  return -1;
}

// What libraries opened without O_CLOEXEC (libcurl its sockets) is not for the program to run.
// Between fork and exec: system calls only.
void close_on_exec_from(int first) {
#ifdef SYS_close_range
  constexpr unsigned int on_exec = 4;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
  if (::syscall(SYS_close_range, static_cast<unsigned int>(first), ~0U, on_exec) == 0) return;
#endif
  const long limit = std::clamp(::sysconf(_SC_OPEN_MAX), 256L, 65536L);
  for (int file = first; file < limit; ++file) ::fcntl(file, F_SETFD, FD_CLOEXEC);
}

// The file that the machine code of this program was mapped from; empty if the system does not say.
std::string mapped_executable() {
  std::string text;
  try {
    text = real_file_system().read("/proc/self/maps", std::size_t{16} << 20);
  } catch (const IoError&) {
    return "";
  }
  const auto own = reinterpret_cast<std::uintptr_t>(&mapped_executable);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    fields >> std::hex >> begin >> dash >> end;
    if (!fields || own < begin || own >= end) continue;
    const std::size_t slash = line.find('/');
    return slash == std::string::npos ? "" : line.substr(slash);
  }
  return "";
}

}  // namespace

std::string own_executable() {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (length == -1) throw_io_error("read the link", "/proc/self/exe", errno);
  std::string path(buffer.data(), static_cast<std::size_t>(length));
  // Of a program that was started by naming the dynamic loader the link names the loader: the last
  // file that an update may replace.
  std::string escaped = path;
  for (std::size_t at = 0; (at = escaped.find('\n', at)) != std::string::npos;) {
    escaped.replace(at, 1, "\\012");  // as in the list of mappings
  }
  if (const std::string mapped = mapped_executable(); !mapped.empty() && mapped != escaped) {
    path = mapped;
  }
  // The kernel says so of a file that has no name any more.
  if (path.ends_with(" (deleted)")) {
    throw IoError("the file of this program was replaced while it ran: start it again");
  }
  return path;
}

std::string end_of_file(const std::string& path, std::size_t bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file == -1) throw_io_error("open", path, errno);
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  const int error = errno;
  std::string end;
  if (known) {
    const auto length = std::min<off_t>(status.st_size, static_cast<off_t>(bytes));
    try {
      end = read_at(file, path, status.st_size - length, static_cast<std::size_t>(length));
    } catch (const IoError&) {
      ::close(file);
      throw;
    }
  }
  ::close(file);
  if (!known) throw_io_error("examine", path, error);
  return end;
}

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

StagedExecutable::Outcome StagedExecutable::run(const std::vector<std::string>& arguments,
                                                double timeout) const {
  int ends[2];
  int refusal[2];  // why the system did not start it; an end at once if it did
  if (::pipe2(ends, O_CLOEXEC) == -1) throw_io_error("open a pipe for", path_, errno);
  if (::pipe2(refusal, O_CLOEXEC) == -1) {
    const int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    throw_io_error("open a pipe for", path_, error);
  }
  const std::vector<char*> list = pointers(arguments);
  const pid_t child = ::fork();
  if (child == 0) {
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, 0);
    ::dup2(ends[1], 1);
    ::dup2(nothing, 2);
    close_on_exec_from(3);
    ::fexecve(file_, list.data(), environ);
    const int error = errno;
    static_cast<void>(::write(refusal[1], &error, sizeof error));
    ::_exit(not_started);
  }
  const int error = errno;
  ::close(ends[1]);
  ::close(refusal[1]);
  if (child == -1) {
    ::close(ends[0]);
    ::close(refusal[0]);
    throw_io_error("start", path_, error);
  }
  const double until = monotonic_seconds() + timeout;
  Outcome outcome;
  outcome.output = drain(ends[0], until);
  ::close(ends[0]);
  outcome.status = wait_until(child, until);
  int reason = 0;
  const ssize_t told =
      outcome.status == not_started ? ::read(refusal[0], &reason, sizeof reason) : 0;
  ::close(refusal[0]);
  if (told == sizeof reason && !is_of_the_file(reason)) throw_io_error("start", path_, reason);
  return outcome;
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

void become(const std::string& path, const std::vector<std::string>& arguments) {
  const std::vector<char*> list = pointers(arguments);
  ::execv(path.c_str(), list.data());
  throw_io_error("start", path, errno);
}

}  // namespace axiom
