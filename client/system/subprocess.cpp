#include "client/system/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "client/system/clock.h"
#include "client/system/files.h"
#include "client/system/posix_calls.h"

namespace axiom {
namespace {

constexpr std::size_t output_limit = 4096;
constexpr int not_started = 127;

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

int wait_until(pid_t child, const std::string& path, double until) {
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    // How it ended is not known, and its number may be another process's by now.
    if (ended == -1 && errno != EINTR) throw_io_error("wait for", path, errno);
    if (monotonic_seconds() >= until) break;
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

}  // namespace

ProgramOutcome run_program(int file, const std::string& path,
                           const std::vector<std::string>& arguments, double timeout) {
  int ends[2];
  int refusal[2];  // why the system did not start it; an end at once if it did
  if (::pipe2(ends, O_CLOEXEC) == -1) throw_io_error("open a pipe for", path, errno);
  if (::pipe2(refusal, O_CLOEXEC) == -1) {
    const int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    throw_io_error("open a pipe for", path, error);
  }
  const std::vector<char*> list = pointers(arguments);
  const pid_t child = ::fork();
  if (child == 0) {
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, 0);
    ::dup2(ends[1], 1);
    ::dup2(nothing, 2);
    close_on_exec_from(3);
    ::fexecve(file, list.data(), environ);
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
    throw_io_error("start", path, error);
  }
  const double until = monotonic_seconds() + timeout;
  ProgramOutcome outcome;
  outcome.output = drain(ends[0], until);
  ::close(ends[0]);
  try {
    outcome.status = wait_until(child, path, until);
  } catch (const IoError&) {
    ::close(refusal[0]);
    throw;
  }
  int reason = 0;
  const ssize_t told =
      outcome.status == not_started ? ::read(refusal[0], &reason, sizeof reason) : 0;
  ::close(refusal[0]);
  if (told == sizeof reason && !is_of_the_file(reason)) throw_io_error("start", path, reason);
  return outcome;
}

ProgramOutcome run_program(const std::string& path, const std::vector<std::string>& arguments,
                           double timeout) {
  const int file = retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (file == -1) throw_io_error("open", path, errno);
  try {
    ProgramOutcome outcome = run_program(file, path, arguments, timeout);
    ::close(file);
    return outcome;
  } catch (const IoError&) {
    ::close(file);
    throw;
  }
}

void become(const std::string& path, const std::vector<std::string>& arguments) {
  const std::vector<char*> list = pointers(arguments);
  ::execv(path.c_str(), list.data());
  throw_io_error("start", path, errno);
}

}  // namespace axiom
