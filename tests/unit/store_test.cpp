// links: axiom_checkpoint axiom_test_support
#include "checkpoint/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "tests/support/checkpoint_states.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"

namespace axiom {
namespace {

using testing::FaultyFileSystem;
using testing::id_of;
using testing::one;
using testing::other_work;
using testing::state;
using testing::work;
using testing::zero;
using Fault = FaultyFileSystem::Fault;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { disk_.make_directories("/out"); }

  CheckpointStore store() { return {disk_, "/out", "w"}; }
  std::uint64_t load() {
    CheckpointStore fresh = store();
    notes_.clear();
    return id_of(fresh.load(work, notes_));
  }
  void save(std::uint64_t first, std::uint64_t last) {
    CheckpointStore fresh = store();
    fresh.load(work, notes_);
    for (std::uint64_t id = first; id <= last; ++id) {
      Checkpoint checkpoint = state(id);
      fresh.save(checkpoint);
    }
  }
  std::vector<std::string> contents() const {
    std::vector<std::string> all = disk_.names();
    for (const std::string& name : disk_.names()) all.push_back(disk_.content(name));
    return all;
  }

  FaultyFileSystem disk_;
  std::vector<std::string> notes_;
};

TEST_F(StoreTest, TheLastStateSavedIsLoaded) {
  EXPECT_EQ(load(), 0u);
  EXPECT_TRUE(notes_.empty());
  for (std::uint64_t id = 1; id <= 5; ++id) {
    save(id, id);  // each by a process of its own
    EXPECT_EQ(load(), id);
  }
  save(6, 9);
  EXPECT_EQ(load(), 9u);
  EXPECT_EQ(disk_.names(), (std::vector<std::string>{zero, one}));
}

TEST_F(StoreTest, ASaveRaisesTheSequenceAndReplacesTheOlderFile) {
  CheckpointStore current = store();
  current.load(work, notes_);
  std::uint64_t sequence = 0;
  for (std::uint64_t id = 1; id <= 6; ++id) {
    const std::vector<std::string> before = contents();
    Checkpoint checkpoint = state(id);
    current.save(checkpoint);
    EXPECT_GT(checkpoint.sequence, sequence);
    sequence = checkpoint.sequence;
    if (id <= 2) continue;
    const bool zero_kept = disk_.content(zero) == before[2];
    const bool one_kept = disk_.content(one) == before[3];
    EXPECT_NE(zero_kept, one_kept);
    EXPECT_EQ(decode(disk_.content(zero_kept ? zero : one)).checkpoints, id - 1);
  }
}

TEST_F(StoreTest, SaveBeforeLoadIsRefused) {
  CheckpointStore current = store();
  Checkpoint checkpoint = state(1);
  EXPECT_THROW(current.save(checkpoint), std::logic_error);
  EXPECT_TRUE(disk_.names().empty());
}

TEST_F(StoreTest, RemoveLeavesNothing) {
  save(1, 3);
  disk_.put(zero + ".tmp", "left behind");
  disk_.put("/out/other.checkpoint.0", "not ours");
  CheckpointStore current = store();
  current.load(work, notes_);
  current.remove();
  EXPECT_EQ(disk_.names(), std::vector<std::string>{"/out/other.checkpoint.0"});
  EXPECT_EQ(load(), 0u);
  current.remove();
}

TEST_F(StoreTest, ADamagedFileIsSetAsideAndTheOtherOneUsed) {
  for (const std::string& damaged : {zero, one}) {
    SetUp();
    save(1, 4);
    const bool is_newer = decode(disk_.content(damaged)).checkpoints == 4;
    std::string bytes = disk_.content(damaged);
    bytes[90] ^= 4;
    disk_.put(damaged, bytes);
    EXPECT_EQ(load(), is_newer ? 3u : 4u);
    ASSERT_EQ(notes_.size(), 1u);
    EXPECT_NE(notes_[0].find(damaged + ".bad"), std::string::npos) << notes_[0];
    EXPECT_NE(notes_[0].find("checksum differs"), std::string::npos) << notes_[0];
    EXPECT_EQ(disk_.content(damaged + ".bad"), bytes);
    EXPECT_NE(disk_.content(damaged + ".bad.reason.txt").find("checksum"), std::string::npos);
    EXPECT_FALSE(disk_.exists(damaged));
    EXPECT_EQ(load(), is_newer ? 3u : 4u);
    EXPECT_TRUE(notes_.empty());
    save(5, 6);
    EXPECT_EQ(load(), 6u);
    disk_ = FaultyFileSystem();
  }
}

TEST_F(StoreTest, WithBothDamagedTheWorkStartsAgainWithNotes) {
  save(1, 2);
  disk_.put(zero, "");
  disk_.put(one, disk_.content(one) + "x");
  EXPECT_EQ(load(), 0u);
  EXPECT_EQ(notes_.size(), 2u);
  EXPECT_EQ(disk_.content(zero + ".bad"), "");
  EXPECT_NE(disk_.content(one + ".bad.reason.txt").find("trailing"), std::string::npos);
}

TEST_F(StoreTest, AnUnreadableFileIsPassedOverOnlyIfTheOtherOneServes) {
  save(1, 1);
  disk_.make_unreadable(zero);
  const std::vector<std::string> before = contents();
  EXPECT_THROW(load(), IoError);
  EXPECT_EQ(contents(), before);
  disk_.heal_file();
  save(2, 2);
  disk_.make_unreadable(one);
  EXPECT_EQ(load(), 1u);
  EXPECT_EQ(notes_.size(), 1u);
}

// Reading a pipe would wait for a writer, and /dev/zero has no end.
TEST(StoreOnDisk, WhatIsNoFileIsNotRead) {
  const testing::TemporaryDirectory directory;
  const std::string first = directory / "w.checkpoint.0";
  const std::string second = directory / "w.checkpoint.1";
  const auto load = [&](std::vector<std::string>& notes) {
    return id_of(CheckpointStore(real_file_system(), directory.path(), "w").load(work, notes));
  };
  const auto pipe = [](const std::string& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); };
  const auto link = [](const std::string& path) {
    std::filesystem::create_symlink("/dev/zero", path);
  };
  const auto folder = [](const std::string& path) { std::filesystem::create_directory(path); };
  for (const std::function<void(const std::string&)>& make :
       {std::function<void(const std::string&)>(pipe), {link}, {folder}}) {
    make(first);
    std::vector<std::string> notes;
    try {
      load(notes);
      FAIL() << "accepted";
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find("delete the file"), std::string::npos);
    }
    real_file_system().write_durably(second, encode(state(7)));
    EXPECT_EQ(load(notes), 7u);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find(first + ".bad"), std::string::npos) << notes[0];
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      std::filesystem::remove_all(entry.path());
    }
  }
}

TEST_F(StoreTest, OtherWorkIsRefusedAndNothingChanged) {
  save(1, 2);
  disk_.put(one, "damaged");
  const std::vector<std::string> before = contents();
  CheckpointStore fresh = store();
  try {
    fresh.load(other_work, notes_);
    FAIL() << "accepted";
  } catch (const CheckpointMismatch& error) {
    const std::string message = error.what();
    for (const std::string& part :
         {zero, work, other_work, std::string("--out"), std::string("delete")}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
  EXPECT_EQ(contents(), before);
  Checkpoint checkpoint = state(3, other_work);
  EXPECT_THROW(fresh.save(checkpoint), std::logic_error);
  EXPECT_EQ(contents(), before);
}

TEST_F(StoreTest, OneGenerationOfOtherWorkIsEnoughToRefuse) {
  save(1, 2);
  for (const std::string& name : {zero, one}) {
    const std::string kept = disk_.content(name);
    disk_.put(name, encode(state(9, other_work)));
    EXPECT_THROW(load(), CheckpointMismatch);
    disk_.put(name, kept);
  }
  EXPECT_EQ(load(), 2u);
}

// A save never touches the newest intact file, not even after one that failed: should the disk lose
// one file, the other still holds the state before.
TEST_F(StoreTest, AFailedSaveDoesNotCostAGeneration) {
  save(1, 2);
  CheckpointStore current = store();
  EXPECT_EQ(id_of(current.load(work, notes_)), 2u);
  Checkpoint checkpoint = state(3);
  disk_.fail_at(1, Fault::error);
  EXPECT_THROW(current.save(checkpoint), IoError);
  checkpoint = state(4);
  current.save(checkpoint);
  const bool in_zero = decode(disk_.content(zero)).checkpoints == 4;
  disk_.put(in_zero ? zero : one, "lost");
  EXPECT_EQ(load(), 2u);
}

// The full disk: the program goes on, and saves again when there is space.
TEST_F(StoreTest, AFullDiskKeepsTheLastStateUntilThereIsSpace) {
  CheckpointStore current = store();
  current.load(work, notes_);
  Checkpoint checkpoint = state(1);
  current.save(checkpoint);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    disk_.full_from(n);
    for (std::uint64_t id = 2; id <= 5; ++id) {
      checkpoint = state(id);
      EXPECT_THROW(current.save(checkpoint), IoError);
      EXPECT_EQ(load(), 1u);
    }
  }
  disk_.heal();
  checkpoint = state(6);
  current.save(checkpoint);
  EXPECT_EQ(load(), 6u);
}

}  // namespace
}  // namespace axiom
