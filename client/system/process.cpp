#include "client/system/process.h"

#include <pwd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "client/system/cgroup.h"
#include "client/system/text.h"

namespace axiom {
namespace {

/// Processors in the affinity mask.
int allowed_processors() {
  // A host may have more than the 1024 that cpu_set_t holds; the kernel then says EINVAL.
  for (std::size_t sets = 1; sets <= 64; sets *= 2) {
    std::vector<cpu_set_t> mask(sets);
    const std::size_t bytes = sets * sizeof(cpu_set_t);
    CPU_ZERO_S(bytes, mask.data());
    if (::sched_getaffinity(0, bytes, mask.data()) == 0) return CPU_COUNT_S(bytes, mask.data());
    if (errno != EINVAL) break;
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

/// Processors' worth of time per period, rounded up; 0 = no quota.
std::uint64_t group_quota(const ControlGroup& group) {
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
  if (group.version == 2) {
    // "max 100000" leaves quota unset: the extraction fails.
    std::istringstream words(read_system_file(group.directory + "/cpu.max").value_or(""));
    words >> quota >> period;
  } else {
    quota = number_in_file(group.directory + "/cpu.cfs_quota_us").value_or(0);
    period = number_in_file(group.directory + "/cpu.cfs_period_us").value_or(0);
  }
  if (quota == 0 || period == 0) return 0;
  return quota / period + (quota % period != 0 ? 1 : 0);
}

}  // namespace

void reset_inherited_state() {
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const mode_t mask = ::umask(0077);
  ::umask(mask & 0077);
}

bool set_idle_priority(std::string* reason) {
  const auto refuse = [&](const char* call) {
    if (reason != nullptr)
      *reason = std::string(call) + ": " + std::system_category().message(errno);
    return false;
  };
  sched_param parameters{};
  if (::sched_setscheduler(0, SCHED_IDLE, &parameters) == -1) return refuse("SCHED_IDLE");
  if (::setpriority(PRIO_PROCESS, 0, 19) == -1) return refuse("nice 19");
  return true;
}

int processor_quota_below(const std::string& root) {
  std::uint64_t least = 0;
  for (const ControlGroup& group : control_groups(root, "cpu")) {
    const std::uint64_t quota = group_quota(group);
    if (quota != 0 && (least == 0 || quota < least)) least = quota;
  }
  return static_cast<int>(std::min<std::uint64_t>(least, 1u << 20));
}

int usable_processors() {
  const int allowed = std::max(1, allowed_processors());
  const int quota = processor_quota_below("");
  return quota == 0 ? allowed : std::min(allowed, quota);
}

void let_nobody_else_write() {
  const mode_t mask = ::umask(0077);
  ::umask(mask | 0022);
}

double processor_seconds() {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

long parent_process() { return ::getppid(); }

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::size_t terminal_columns(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string random_hex(std::size_t bytes) {
  std::string random(bytes, '\0');
  for (std::size_t length = 0; length < bytes;) {
    const ssize_t got = ::getrandom(random.data() + length, bytes - length, 0);
    if (got == -1 && errno == EINTR) continue;
    if (got == -1) {
      throw std::runtime_error("the system gives no random numbers: " +
                               std::system_category().message(errno));
    }
    length += static_cast<std::size_t>(got);
  }
  return hex(random);
}

std::string default_data_directory() {
  // The XDG specification: a relative path is invalid and to be ignored.
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && data[0] == '/') return std::string(data) + "/axiom-client";
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') {
    const passwd* user = ::getpwuid(::getuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  if (home == nullptr || home[0] != '/') {
    throw NoHomeDirectory("there is no home directory to keep data in: set HOME or XDG_DATA_HOME");
  }
  return std::string(home) + "/.local/share/axiom-client";
}

}  // namespace axiom
