// links: axiom_system axiom_test_support
// On a disk that lets a running program be renamed, but neither replaced nor removed, as Windows
// does: whatever fails, and whenever the power goes, a whole program has its name in the end.
#include "client/system/program_swap.h"

#include <gtest/gtest.h>

#include "tests/support/faulty_file_system.h"

namespace axiom {
namespace {

using testing::FaultyFileSystem;

const std::string executable = "/bin/axiom-client";
const std::string fresh = "/bin/axiom-client.new";

void install(FaultyFileSystem& disk) {
  disk.make_directories(update_directory(executable));
  disk.put(executable, "old");
  disk.put(fresh, "new");
  disk.set_running(executable);
  disk.heal();
}

std::uint64_t operations_of_a_swap() {
  FaultyFileSystem disk;
  install(disk);
  swap_by_renaming(disk, fresh, executable);
  return disk.operations();
}

TEST(ProgramSwap, ReplacesAProgramThatRuns) {
  FaultyFileSystem disk;
  install(disk);
  EXPECT_THROW(disk.rename(fresh, executable), IoError);  // as the file system has it
  swap_by_renaming(disk, fresh, executable);
  EXPECT_EQ(disk.content(executable), "new");
  EXPECT_EQ(disk.content(program_aside(executable)), "old");
  // Of the one that still runs nothing can be removed, and that does no harm.
  EXPECT_EQ(tidy_program_swap(disk, executable), executable);
  EXPECT_TRUE(disk.exists(program_aside(executable)));
  disk.set_running(executable);  // the new one, started
  EXPECT_EQ(tidy_program_swap(disk, executable), executable);
  EXPECT_FALSE(disk.exists(program_aside(executable)));
}

TEST(ProgramSwap, RefusesWhileTheOneBeforeTheLastStillRuns) {
  FaultyFileSystem disk;
  install(disk);
  swap_by_renaming(disk, fresh, executable);
  disk.put(fresh, "newer");
  EXPECT_THROW(swap_by_renaming(disk, fresh, executable), IoError);
  EXPECT_EQ(disk.content(executable), "new");
}

TEST(ProgramSwap, AFailureAnywhereLeavesAWholeProgram) {
  const std::uint64_t all = operations_of_a_swap();
  EXPECT_GT(all, 3u);
  for (const auto fault : {FaultyFileSystem::Fault::error, FaultyFileSystem::Fault::late_error}) {
    for (std::uint64_t at = 1; at <= all; ++at) {
      FaultyFileSystem disk;
      install(disk);
      disk.fail_at(at, fault);
      try {
        swap_by_renaming(disk, fresh, executable);
        EXPECT_EQ(disk.content(executable), "new");
      } catch (const IoError&) {
        const std::string content = disk.content(executable);
        EXPECT_TRUE(content == "old" || content == "new") << at;
        if (content == "new") continue;
        // No swap took place: what people put under that name from here on is theirs.
        disk.put(program_aside(executable), "theirs");
        tidy_program_swap(disk, executable);
        EXPECT_EQ(disk.content(program_aside(executable)), "theirs") << at;
      }
      EXPECT_TRUE(disk.fault_reached()) << at;
    }
  }
}

TEST(ProgramSwap, APowerCutAnywhereLeavesAProgramThatFindsItsNameAgain) {
  const std::uint64_t all = operations_of_a_swap();
  int alone = 0;
  for (std::uint64_t at = 1; at <= all + 1; ++at) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      FaultyFileSystem disk;
      install(disk);
      disk.cut_power_at(at, seed);
      try {
        swap_by_renaming(disk, fresh, executable);
      } catch (const testing::PowerCut&) {
      }
      disk.restart(seed);
      disk.heal();
      const bool there = disk.exists(executable);
      if (!there) ++alone;
      const std::string started = there ? executable : program_aside(executable);
      EXPECT_EQ(tidy_program_swap(disk, started), executable) << at;
      const std::string content = disk.content(executable);
      EXPECT_TRUE(content == "old" || content == "new") << at << " " << content;
      EXPECT_FALSE(disk.exists(program_aside(executable)));
    }
  }
  EXPECT_GT(alone, 0);  // the case was there
}

TEST(ProgramSwap, AProgramBesideTheOneThatTookItsPlaceKeepsItsName) {
  FaultyFileSystem disk;
  install(disk);
  swap_by_renaming(disk, fresh, executable);
  EXPECT_EQ(tidy_program_swap(disk, program_aside(executable)), program_aside(executable));
  EXPECT_EQ(disk.content(executable), "new");
}

TEST(ProgramSwap, WhatPeopleCallOldIsTheirs) {
  FaultyFileSystem disk;
  install(disk);
  disk.put(program_aside(executable), "theirs");
  EXPECT_EQ(tidy_program_swap(disk, executable), executable);
  EXPECT_EQ(disk.content(program_aside(executable)), "theirs");
  EXPECT_THROW(swap_by_renaming(disk, fresh, executable), IoError);
  EXPECT_EQ(disk.content(executable), "old");
  EXPECT_EQ(disk.content(program_aside(executable)), "theirs");
  disk.put("/bin/other.old", "a program, by that name");
  EXPECT_EQ(tidy_program_swap(disk, "/bin/other.old"), "/bin/other.old");
  EXPECT_EQ(disk.content("/bin/other.old"), "a program, by that name");
}

}  // namespace
}  // namespace axiom
