// links: axiom_system axiom_test_support
#include "client/system/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "client/system/clock.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace axiom {
namespace {

using testing::ChildProcess;
using testing::TemporaryDirectory;

void write_file(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST(Process, ProcessorTimeIsWhatWorkTakesAndWaitingDoesNot) {
  const double before = processor_seconds();
  ::usleep(100000);
  const double waited = processor_seconds();
  EXPECT_LT(waited - before, 0.05);
  const double begun = monotonic_seconds();
  for (volatile double sum = 0; monotonic_seconds() - begun < 0.2;) sum = sum + 1;
  EXPECT_GT(processor_seconds() - waited, 0.001);  // on a busy host, too
  EXPECT_LT(processor_seconds() - waited, 0.4);
}

TEST(Process, InheritedStateIsReset) {
  ChildProcess child([](auto) {
    std::signal(SIGCHLD, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::umask(0733);
    reset_inherited_state();
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGCHLD, SIGALRM}) {
      if (sigismember(&blocked, signal) != 0) return 1;
    }
    if (std::signal(SIGCHLD, SIG_DFL) != SIG_DFL) return 2;
    return ::umask(0) == 033 ? 0 : 3;  // what it says of others stays
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(Process, IdlePriorityHolds) {
  ChildProcess child([](auto) {
    std::string reason;
    if (!set_idle_priority(&reason)) return reason.empty() ? 1 : 2;
    if (::sched_getscheduler(0) != SCHED_IDLE) return 3;
    return ::getpriority(PRIO_PROCESS, 0) == 19 ? 0 : 4;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(Process, AffinityBoundsTheProcessors) {
  ChildProcess child([](auto) {
    const int before = usable_processors();
    if (before < 1) return 1;
    cpu_set_t mask;
    if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return 2;
    if (before > CPU_COUNT(&mask)) return 3;
    int first = 0;
    while (!CPU_ISSET(first, &mask)) ++first;
    CPU_ZERO(&mask);
    CPU_SET(first, &mask);
    if (::sched_setaffinity(0, sizeof mask, &mask) != 0) return 4;
    return usable_processors() == 1 ? 0 : 5;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(Process, QuotaBelowAMountPointWithABlank) {
  const TemporaryDirectory root;
  write_file(root / "proc/self/cgroup", "0::/jobs\n");
  write_file(root / "proc/self/mountinfo",
             "31 1 0:28 / /control\\040groups rw,nosuid shared:4 - cgroup2 none rw\n");
  write_file(root / "control groups/jobs/cpu.max", "200000 100000\n");
  EXPECT_EQ(processor_quota_below(root.path()), 2);
}

TEST(Process, QuotaOfVersion2HoldsAtEveryLevel) {
  const TemporaryDirectory root;
  write_file(root / "proc/self/cgroup", "0::/jobs/one\n");
  write_file(root / "proc/self/mountinfo",
             "31 1 0:28 / /cg rw,nosuid shared:4 - cgroup2 none rw\n");
  EXPECT_EQ(processor_quota_below(root.path()), 0);
  write_file(root / "cg/jobs/one/cpu.max", "max 100000\n");
  EXPECT_EQ(processor_quota_below(root.path()), 0);
  write_file(root / "cg/jobs/one/cpu.max", "350000 100000\n");
  EXPECT_EQ(processor_quota_below(root.path()), 4);
  write_file(root / "cg/jobs/cpu.max", "200000 100000\n");
  EXPECT_EQ(processor_quota_below(root.path()), 2);
  write_file(root / "cg/jobs/two/cpu.max", "10000 100000\n");  // another group
  EXPECT_EQ(processor_quota_below(root.path()), 2);
  write_file(root / "cg/jobs/one/cpu.max", "10000 100000\n");
  EXPECT_EQ(processor_quota_below(root.path()), 1);
}

TEST(Process, QuotaOfVersion1) {
  const TemporaryDirectory root;
  write_file(root / "proc/self/cgroup", "4:memory:/m\n3:cpu,cpuacct:/jobs\n");
  write_file(root / "proc/self/mountinfo",
             "31 1 0:28 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
  write_file(root / "cg/cpu/jobs/cpu.cfs_quota_us", "-1\n");
  write_file(root / "cg/cpu/jobs/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(processor_quota_below(root.path()), 0);
  write_file(root / "cg/cpu/jobs/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(processor_quota_below(root.path()), 3);
}

TEST(Process, AFileIsNoTerminalAPseudoTerminalIs) {
  const int null = ::open("/dev/null", O_RDWR);
  ASSERT_GE(null, 0);
  EXPECT_FALSE(is_terminal(null));
  ::close(null);
  EXPECT_FALSE(is_terminal(-1));
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  EXPECT_TRUE(is_terminal(terminal));
  ::close(terminal);
}

TEST(Process, RandomHexDiffers) {
  EXPECT_EQ(random_hex(0), "");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string text = random_hex(16);
    EXPECT_EQ(text.size(), 32u);
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
    seen.insert(text);
  }
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(random_hex(1000).size(), 2000u);  // getrandom() may return less at once
}

TEST(Process, DataDirectoryFollowsTheSpecification) {
  ChildProcess child([](auto) {
    ::setenv("HOME", "/home/someone", 1);
    ::setenv("XDG_DATA_HOME", "/data", 1);
    if (default_data_directory() != "/data/axiom-client") return 1;
    ::setenv("XDG_DATA_HOME", "relative", 1);
    if (default_data_directory() != "/home/someone/.local/share/axiom-client") return 2;
    ::unsetenv("XDG_DATA_HOME");
    if (default_data_directory() != "/home/someone/.local/share/axiom-client") return 3;
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(Clock, TimeRunsForward) {
  const double start = monotonic_seconds();
  ::usleep(20000);
  const double elapsed = monotonic_seconds() - start;
  EXPECT_GE(elapsed, 0.019);
  EXPECT_LT(elapsed, 60);
}

TEST(Clock, TimestampIsIso8601) {
  const std::time_t before = std::time(nullptr);
  const std::string text = utc_timestamp();
  const std::time_t after = std::time(nullptr);
  std::tm fields{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  ASSERT_NE(end, nullptr) << text;
  EXPECT_EQ(*end, '\0');
  EXPECT_EQ(text.size(), 20u);
  EXPECT_GE(::timegm(&fields), before);
  EXPECT_LE(::timegm(&fields), after);
}

}  // namespace
}  // namespace axiom
