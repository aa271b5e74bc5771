// links: axiom_system axiom_test_support
// Programs that are tried before they are put in place.
#include "client/system/staged_executable.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>

#include "client/system/files.h"
#include "tests/support/temporary_directory.h"

namespace axiom {
namespace {

struct Staged {
  explicit Staged(const std::string& bytes) : executable(directory.path(), bytes) {}
  std::string path() const { return directory / real_file_system().list(directory.path()).front(); }

  testing::TemporaryDirectory directory;
  StagedExecutable executable;
};

std::string program(const std::string& path) { return real_file_system().read(path, 1 << 24); }

TEST(StagedExecutable, TellsHowItEnded) {
  const Staged succeeds(program("/bin/echo"));
  const auto outcome = succeeds.executable.run({"echo", "a word"}, 60);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "a word\n");
  const Staged fails(program("/bin/false"));
  EXPECT_EQ(fails.executable.run({"false"}, 60).status, 1);
  const Staged sleeps(program("/bin/sleep"));
  EXPECT_EQ(sleeps.executable.run({"sleep", "60"}, 0.1).status, -1);
}

TEST(StagedExecutable, ThatIsNoProgramFails) {
  for (const std::string& bytes :
       {std::string(), std::string("text\n"), program("/bin/echo").substr(0, 100)}) {
    EXPECT_EQ(Staged(bytes).executable.run({"x"}, 60).status, 127) << bytes.size();
  }
}

TEST(StagedExecutable, ThatMayNotBeStartedHereIsNotToBlame) {
  const Staged staged(program("/bin/echo"));
  ASSERT_EQ(::chmod(staged.path().c_str(), 0600), 0);
  EXPECT_THROW(staged.executable.run({"echo"}, 60), AccessDeniedError);
  ASSERT_EQ(::chmod(staged.path().c_str(), 0700), 0);
  EXPECT_EQ(staged.executable.run({"echo"}, 60).status, 0);
}

TEST(StagedExecutable, OfWhichNobodySaysHowItEndedIsNotToBlame) {
  const Staged staged(program("/bin/true"));
  std::signal(SIGCHLD, SIG_IGN);
  EXPECT_THROW(staged.executable.run({"true"}, 60), IoError);
  std::signal(SIGCHLD, SIG_DFL);
  EXPECT_EQ(staged.executable.run({"true"}, 60).status, 0);
}

TEST(StagedExecutable, GoesWithItsHolder) {
  const testing::TemporaryDirectory directory;
  { const StagedExecutable staged(directory.path(), "x"); }
  EXPECT_TRUE(real_file_system().list(directory.path()).empty());
}

}  // namespace
}  // namespace axiom
