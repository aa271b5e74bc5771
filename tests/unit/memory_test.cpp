// links: axiom_system axiom_test_support
#include "client/system/memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "client/system/files.h"
#include "tests/support/temporary_directory.h"

namespace axiom {
namespace {

constexpr std::uint64_t mebibyte = 1u << 20;
constexpr const char* version_2_mount = "30 1 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cg rw\n";

/// A made-up /proc and /sys of a host with 16 GiB, 12 of them available.
class MemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write(
        "proc/meminfo",
        "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:   12582912 kB\n");
  }
  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  /// In MiB.
  void expect(std::uint64_t total, std::uint64_t available) {
    const HostMemory memory = host_memory_below(root_.path());
    EXPECT_EQ(memory.total, total * mebibyte);
    EXPECT_EQ(memory.available, available * mebibyte);
  }
  static std::string mib(std::uint64_t value) { return std::to_string(value * mebibyte) + "\n"; }

  testing::TemporaryDirectory root_;
};

TEST_F(MemoryTest, WithoutGroups) { expect(16384, 12288); }

TEST_F(MemoryTest, Version2LimitOfTheOwnGroup) {
  write("proc/self/cgroup", "0::/user/job\n");
  write("proc/self/mountinfo", version_2_mount);
  expect(16384, 12288);
  write("sys/fs/cgroup/user/job/memory.max", "max\n");
  write("sys/fs/cgroup/user/job/memory.current", mib(500));
  expect(16384, 12288);
  write("sys/fs/cgroup/user/job/memory.max", mib(2000));
  expect(2000, 1500);
  write("sys/fs/cgroup/user/job/memory.stat", "anon 5\ninactive_file " + mib(100) + "file 7\n");
  expect(2000, 1600);
  write("sys/fs/cgroup/user/job/memory.high", mib(1000));
  expect(1000, 600);
}

TEST_F(MemoryTest, Version2LimitOfAnAncestorAndNotOfASibling) {
  write("proc/self/cgroup", "0::/user/job\n");
  write("proc/self/mountinfo", version_2_mount);
  write("sys/fs/cgroup/user/job/memory.max", mib(4000));
  write("sys/fs/cgroup/user/job/memory.current", mib(10));
  write("sys/fs/cgroup/user/memory.max", mib(3000));
  write("sys/fs/cgroup/user/memory.current", mib(2900));
  write("sys/fs/cgroup/user/other/memory.max", mib(1));
  expect(3000, 100);
}

TEST_F(MemoryTest, AGroupThatIsOverItsLimitHasNothingLeft) {
  write("proc/self/cgroup", "0::/\n");
  write("proc/self/mountinfo", version_2_mount);
  write("sys/fs/cgroup/memory.max", mib(100));
  write("sys/fs/cgroup/memory.current", mib(120));
  expect(100, 0);
}

TEST_F(MemoryTest, TheHostIsTheLimitIfItHasLess) {
  write("proc/self/cgroup", "0::/\n");
  write("proc/self/mountinfo", version_2_mount);
  write("sys/fs/cgroup/memory.max", mib(64000));
  write("sys/fs/cgroup/memory.current", mib(1));
  expect(16384, 12288);
}

TEST_F(MemoryTest, Version1InAContainerThatSeesOnlyItsOwnPart) {
  write("proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/abc/inner\n0::/elsewhere\n");
  write("proc/self/mountinfo",
        "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw master:3 - cgroup cgroup rw,memory\n"
        "36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  write("sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/inner/memory.usage_in_bytes", mib(50));
  expect(16384, 12288);
  write("sys/fs/cgroup/memory/inner/memory.usage_in_bytes", "18446744073709547520\n");  // −4096
  expect(16384, 12288);
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", mib(1000));
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", mib(300));
  write("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file " + mib(20));
  expect(1000, 720);
}

TEST_F(MemoryTest, AProcessOutsideOfItsNamespaceHasTheLimitsOfTheMount) {
  write("proc/self/cgroup", "0::/../other\n");
  write("proc/self/mountinfo", version_2_mount);
  write("sys/fs/cgroup/memory.max", mib(700));
  expect(700, 700);
}

TEST_F(MemoryTest, NoMemoryInformationIsAnError) {
  write("proc/meminfo", "MemTotal: 5 kB\n");
  EXPECT_THROW(host_memory_below(root_.path()), IoError);
  std::filesystem::remove(root_ / "proc/meminfo");
  EXPECT_THROW(host_memory_below(root_.path()), IoError);
}

TEST(Memory, OfThisHost) {
  const HostMemory memory = host_memory();
  EXPECT_GT(memory.total, 16 * mebibyte);
  EXPECT_GT(memory.available, 0u);
  EXPECT_LE(memory.available, memory.total);
}

TEST(Memory, ResidentBytesFollowWhatIsHeld) {
  constexpr std::size_t size = 64 * mebibyte;
  const std::uint64_t before = resident_bytes();
  // Not from the heap, which may keep what is freed.
  void* block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, size);
  EXPECT_GT(resident_bytes(), before + size / 2);
  ASSERT_EQ(::munmap(block, size), 0);
  EXPECT_LT(resident_bytes(), before + size / 2);
  EXPECT_GT(peak_resident_bytes(), before + size / 2);
}

}  // namespace
}  // namespace axiom
