// links: axiom_system axiom_test_support
#include "client/system/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "client/system/posix_calls.h"
#include "tests/support/child_process.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"

namespace axiom {
namespace {

using testing::ChildProcess;
using testing::FaultyFileSystem;
using testing::PowerCut;
using testing::TemporaryDirectory;
using Fault = FaultyFileSystem::Fault;

/// The message of the IoError that `body` throws.
template <typename Body>
std::string io_error(Body body) {
  try {
    body();
  } catch (const IoError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no IoError";
  return "";
}

std::size_t entries(const std::string& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

TEST(RealFiles, WriteReplacesAndLeavesNoTemporary) {
  FileSystem& files = real_file_system();
  const TemporaryDirectory directory;
  const std::string path = directory / "state";
  EXPECT_FALSE(files.exists(path));
  const std::string long_text = std::string(300000, 'x') + '\0' + "end";
  for (const std::string& text : {std::string("first"), long_text, std::string()}) {
    files.write_durably(path, text);
    EXPECT_EQ(files.read(path, 1 << 20), text);
  }
  EXPECT_EQ(entries(directory.path()), 1u);
}

TEST(RealFiles, ReadIsBounded) {
  FileSystem& files = real_file_system();
  const TemporaryDirectory directory;
  const std::string path = directory / "ten";
  files.write_durably(path, "0123456789");
  EXPECT_EQ(files.read(path, 10), "0123456789");
  const std::string message = io_error([&] { files.read(path, 9); });
  EXPECT_NE(message.find(path), std::string::npos);
  EXPECT_NE(message.find("9 bytes"), std::string::npos);
  // Endless, and of size 0 by its status.
  io_error([&] { files.read("/dev/zero", 1 << 20); });
  EXPECT_FALSE(files.read("/proc/self/status", 1 << 20).empty());
  io_error([&] { files.read("/proc/self/status", 10); });
}

TEST(RealFiles, APipeIsReadToItsEndButNotWaitedForIfNobodyWrites) {
  FileSystem& files = real_file_system();
  const TemporaryDirectory directory;
  const std::string path = directory / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_NE(io_error([&] { files.read(path, 10); }).find("nobody writes to"), std::string::npos);
  std::thread writer([&] {
    const int end = ::open(path.c_str(), O_WRONLY);
    for (const char* piece : {"slow", " writer"}) {
      ::usleep(300000);
      EXPECT_GT(::write(end, piece, std::char_traits<char>::length(piece)), 0);
    }
    ::close(end);
  });
  EXPECT_EQ(files.read(path, 100), "slow writer");
  writer.join();
  // Nor is anybody who reads waited for.
  ASSERT_EQ(::mkfifo((directory / "state.tmp").c_str(), 0600), 0);
  io_error([&] { files.write_durably(directory / "state", "x"); });
}

TEST(RealFiles, WhoHasALeaseOnAFileIsWaitedFor) {
  const TemporaryDirectory directory;
  const std::string path = directory / "leased";
  real_file_system().write_durably(path, "x");
  ChildProcess holder([&](auto ready) {
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, SIGIO);
    ::sigprocmask(SIG_BLOCK, &asked, nullptr);
    const int file = ::open(path.c_str(), O_RDWR);
    const bool leased = ::fcntl(file, F_SETLEASE, F_WRLCK) == 0;
    ready();
    if (!leased) return 2;  // a file system without leases
    int signal = 0;
    ::sigwait(&asked, &signal);
    ::usleep(100000);
    return ::fcntl(file, F_SETLEASE, F_UNLCK) == 0 ? 0 : 1;
  });
  ASSERT_TRUE(holder.wait_until_ready());
  EXPECT_EQ(real_file_system().read(path, 10), "x");
  EXPECT_NE(holder.wait(), 1);
}

TEST(RealFiles, ErrorsNameThePathAndTheReason) {
  FileSystem& files = real_file_system();
  const TemporaryDirectory directory;
  const std::string missing = directory / "missing";
  std::string message = io_error([&] { files.read(missing, 10); });
  EXPECT_NE(message.find(missing), std::string::npos);
  EXPECT_NE(message.find("No such file"), std::string::npos);
  io_error([&] { files.read(directory.path(), 10); });
  io_error([&] { files.rename(missing, directory / "other"); });
  message = io_error([&] { files.write_durably(missing + "/below", "x"); });
  EXPECT_NE(message.find(missing + "/below"), std::string::npos);
  EXPECT_EQ(entries(directory.path()), 0u);
}

TEST(RealFiles, AFailedWriteRemovesItsTemporary) {
  const TemporaryDirectory directory;
  const std::string target = directory / "target";
  std::filesystem::create_directories(target);  // a directory cannot be replaced by a file
  io_error([&] { real_file_system().write_durably(target, "x"); });
  EXPECT_EQ(entries(directory.path()), 1u);
}

TEST(RealFiles, AFullDiskKeepsTheOldBytes) {
  const TemporaryDirectory directory;
  const std::string path = directory / "state";
  real_file_system().write_durably(path, "old");
  ChildProcess child([&](auto) {
    // The write is cut short at the limit, then refused.
    const rlimit limit{1000, 1000};
    ::signal(SIGXFSZ, SIG_IGN);
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    try {
      real_file_system().write_durably(path, std::string(5000, 'n'));
    } catch (const IoError&) {
      return 0;
    }
    return 2;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(real_file_system().read(path, 100), "old");
  EXPECT_EQ(entries(directory.path()), 1u);
}

TEST(RealFiles, RenameAndRemove) {
  FileSystem& files = real_file_system();
  const TemporaryDirectory directory;
  files.write_durably(directory / "a", "a");
  files.write_durably(directory / "b", "b");
  files.rename(directory / "a", directory / "b");
  EXPECT_FALSE(files.exists(directory / "a"));
  EXPECT_EQ(files.read(directory / "b", 10), "a");
  files.remove(directory / "b");
  EXPECT_FALSE(files.exists(directory / "b"));
  files.remove(directory / "b");
  std::filesystem::create_directories(directory / "full/x");
  io_error([&] { files.remove(directory / "full"); });
}

TEST(RealFiles, ADirectoryThatCannotBeSyncedIsAnErrorUnlessItsFileSystemHasNoSuchThing) {
  EXPECT_THROW(sync_directory("/proc/self/no-such-directory"), IoError);
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(::fsync(proc) == -1 && errno == EINVAL);
  ::close(proc);
  EXPECT_NO_THROW(sync_directory("/proc"));
}

TEST(RealFiles, MakeDirectories) {
  FileSystem& files = real_file_system();
  const TemporaryDirectory directory;
  files.make_directories(directory / "a/b/c/");
  EXPECT_TRUE(std::filesystem::is_directory(directory / "a/b/c"));
  files.make_directories(directory / "a/b");
  files.make_directories("/");
  files.write_durably(directory / "file", "x");
  io_error([&] { files.make_directories(directory / "file"); });
  io_error([&] { files.make_directories(directory / "file/below"); });
}

TEST(Paths, ParentDirectory) {
  EXPECT_EQ(parent_directory("a/b"), "a");
  EXPECT_EQ(parent_directory("/a/b/"), "/a");
  EXPECT_EQ(parent_directory("/a"), "/");
  EXPECT_EQ(parent_directory("/"), "/");
  EXPECT_EQ(parent_directory("a"), ".");
  EXPECT_EQ(parent_directory("a//b"), "a");
}

TEST(FaultyFiles, WritesOfAnyLengthAddUp) {
  FaultyFileSystem files;
  files.make_directories("/d");
  for (const std::size_t most : {1u, 3u, 7u}) {
    files.set_largest_write(most);
    files.write_durably("/d/f", "0123456789");
    EXPECT_EQ(files.content("/d/f"), "0123456789");
  }
}

TEST(FaultyFiles, AnyFailureLeavesTheOldOrTheNewBytesAndNoTemporary) {
  for (const Fault fault : {Fault::error, Fault::late_error, Fault::short_write}) {
    for (std::uint64_t n = 1;; ++n) {
      FaultyFileSystem files;
      files.make_directories("/d");
      files.write_durably("/d/f", "old");
      files.fail_at(n, fault);
      bool failed = false;
      try {
        files.write_durably("/d/f", "new");
      } catch (const IoError&) {
        failed = true;
      }
      EXPECT_EQ(failed, files.fault_reached()) << "a failure was not reported, operation " << n;
      if (!failed) {
        EXPECT_GT(n, 5u);  // create, write, sync, close, rename, sync
        break;
      }
      const std::string content = files.content("/d/f");
      EXPECT_TRUE(content == "old" || content == "new") << content;
      EXPECT_EQ(files.names(), std::vector<std::string>{"/d/f"}) << "operation " << n;
    }
  }
}

TEST(FaultyFiles, APowerCutLeavesTheOldOrTheNewBytesWhole) {
  std::set<std::string> contents;
  std::set<std::string> temporaries;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (std::uint64_t n = 1; n <= 7; ++n) {
      FaultyFileSystem files;
      files.make_directories("/d");
      files.write_durably("/d/f", "old");
      files.cut_power_at(n, seed);
      bool returned = false;
      try {
        files.write_durably("/d/f", "newer");
        returned = true;
      } catch (const PowerCut&) {
      }
      files.restart(seed);
      const std::string content = files.content("/d/f");
      contents.insert(content);
      if (returned) {
        EXPECT_EQ(content, "newer");
      }
      for (const std::string& name : files.names()) {
        if (name == "/d/f.tmp") temporaries.insert(files.content(name));
      }
    }
  }
  EXPECT_EQ(contents, (std::set<std::string>{"old", "newer"}));
  // The disk does forget: of the temporary there were parts and zeros too.
  EXPECT_TRUE(temporaries.count("new") == 1 && temporaries.count(std::string(5, '\0')) == 1);
}

TEST(FaultyFiles, ADirectoryThatWasMadeIsDurable) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FaultyFileSystem files;
    files.make_directories("/a/b/c");
    files.write_durably("/a/b/c/f", "x");
    files.restart(seed);
    ASSERT_EQ(files.names(), std::vector<std::string>{"/a/b/c/f"}) << seed;
  }
}

TEST(DirectoryLock, ASecondProcessIsToldWhichDirectoryIsInUse) {
  const TemporaryDirectory directory;
  ChildProcess child([&](auto ready) {
    const DirectoryLock lock(directory.path());
    ready();
    ::pause();
    return 0;
  });
  ASSERT_TRUE(child.wait_until_ready());
  const std::string message = io_error([&] { const DirectoryLock lock(directory.path()); });
  EXPECT_NE(message.find("'" + directory.path() + "' is in use"), std::string::npos) << message;
  EXPECT_NE(message.find("choose another directory"), std::string::npos) << message;

  child.send(SIGKILL);
  EXPECT_EQ(child.wait(), -SIGKILL);
  { const DirectoryLock lock(directory.path()); }
  const DirectoryLock again(directory.path());
  EXPECT_TRUE(real_file_system().exists(directory / ".lock"));
}

TEST(DirectoryLock, HoldsAgainstASecondLockInTheSameProcess) {
  const TemporaryDirectory directory;
  const DirectoryLock lock(directory.path());
  io_error([&] { const DirectoryLock second(directory.path()); });
  io_error([&] { const DirectoryLock none(directory / "missing"); });
}

}  // namespace
}  // namespace axiom
