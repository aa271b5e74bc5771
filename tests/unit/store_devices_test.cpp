// Checkpoints of a device that turns out to compute wrong numbers.
// links: axiom_checkpoint axiom_test_support
#include <gtest/gtest.h>

#include "checkpoint/store.h"
#include "tests/support/checkpoint_states.h"
#include "tests/support/faulty_file_system.h"

namespace axiom {
namespace {

using testing::FaultyFileSystem;
using testing::one;
using testing::state;
using testing::work;
using testing::zero;
using Devices = std::vector<std::string>;
using Spare = CheckpointStore::Spare;

const std::string spare = "/out/w.checkpoint.2";

class StoreDevicesTest : public ::testing::Test {
 protected:
  void SetUp() override { disk_.make_directories("/out"); }

  CheckpointStore store(Spare kept = Spare::kept) { return {disk_, "/out", "w", kept}; }
  // A session that saves these states.
  void save(std::uint64_t first, std::uint64_t last, const Devices& devices,
            Spare kept = Spare::kept) {
    CheckpointStore current = store(kept);
    current.load(work, notes_);
    for (std::uint64_t id = first; id <= last; ++id) {
      Checkpoint checkpoint = state(id);
      checkpoint.devices = devices;
      current.save(checkpoint);
    }
  }
  // The state that is left after a session in which `device` was found wrong; 0: none.
  std::uint64_t left_by(const std::string& device) {
    CheckpointStore current = store();
    current.load(work, notes_);
    current.distrust(device, "wrong", notes_);
    Checkpoint checkpoint = state(99);
    EXPECT_THROW(current.save(checkpoint), std::logic_error);
    return loaded();
  }
  std::uint64_t loaded() {
    const std::optional<Checkpoint> found = store().load(work, notes_);
    return found ? found->checkpoints : 0;
  }

  FaultyFileSystem disk_;
  std::vector<std::string> notes_;
};

TEST_F(StoreDevicesTest, WhatNoDeviceComputedIsKept) {
  save(1, 5, {});
  const std::vector<std::string> before = disk_.names();
  EXPECT_EQ(left_by("GPU-1"), 5u);
  EXPECT_EQ(disk_.names(), before);
}

TEST_F(StoreDevicesTest, WhatTheDeviceHadAPartInIsSetAside) {
  save(1, 2, {"GPU-1"});
  save(3, 4, {"GPU-1", "GPU-2"});  // a later session
  EXPECT_EQ(left_by("GPU-1"), 0u);
  EXPECT_TRUE(disk_.exists(zero + ".bad"));
  EXPECT_TRUE(disk_.exists(one + ".bad"));
  EXPECT_TRUE(disk_.exists(spare + ".bad"));
}

TEST_F(StoreDevicesTest, AnotherDeviceIsNotBlamed) {
  save(1, 5, {"GPU-2"});
  EXPECT_EQ(left_by("GPU-1"), 5u);
}

// However long the device has worked since.
TEST_F(StoreDevicesTest, TheLastStateBeforeTheDeviceIsKept) {
  for (std::uint64_t more = 1; more <= 4; ++more) {
    SCOPED_TRACE(more);
    disk_ = {};
    disk_.make_directories("/out");
    save(1, 5, {});
    save(6, 5 + more, {"GPU-1"});
    EXPECT_EQ(loaded(), 5 + more);
    EXPECT_EQ(left_by("GPU-1"), 5u);
    save(6, 9, {"GPU-1"});  // and again
    EXPECT_EQ(loaded(), 9u);
    EXPECT_EQ(left_by("GPU-1"), 5u);
  }
}

TEST_F(StoreDevicesTest, OfSeveralDevicesTheLatestStateIsKept) {
  save(1, 4, {});
  save(5, 8, {"GPU-1"});
  save(9, 12, {"GPU-1", "GPU-2"});
  EXPECT_EQ(left_by("GPU-2"), 8u);
}

TEST_F(StoreDevicesTest, WithoutASpareThereAreTwoFiles) {
  save(1, 4, {}, Spare::none);
  save(5, 8, {"GPU-1"}, Spare::none);
  EXPECT_EQ(disk_.names(), (std::vector<std::string>{zero, one}));
}

TEST_F(StoreDevicesTest, TheSpareIsRemovedWithTheOthers) {
  save(1, 4, {});
  save(5, 8, {"GPU-1"});
  EXPECT_TRUE(disk_.exists(spare));
  CheckpointStore current = store();
  current.load(work, notes_);
  current.remove();
  EXPECT_TRUE(disk_.names().empty());
}

TEST_F(StoreDevicesTest, ASpareOfOtherWorkIsRefused) {
  disk_.put(spare, encode(state(1, testing::other_work)));
  EXPECT_THROW(loaded(), CheckpointMismatch);
}

TEST_F(StoreDevicesTest, ADamagedSpareIsSetAside) {
  disk_.put(spare, "damaged");
  EXPECT_EQ(loaded(), 0u);
  EXPECT_TRUE(disk_.exists(spare + ".bad"));
}

// Wherever the save fails in which the device joins.
TEST_F(StoreDevicesTest, NoFailedSaveCostsTheLastState) {
  int lost = 0;
  for (std::uint64_t operation = 1; operation <= 40; ++operation) {
    SCOPED_TRACE(operation);
    disk_ = {};
    disk_.make_directories("/out");
    save(1, 5, {});
    CheckpointStore current = store();
    current.load(work, notes_);
    disk_.fail_at(operation, FaultyFileSystem::Fault::error);
    for (std::uint64_t id = 6; id <= 8; ++id) {
      Checkpoint checkpoint = state(id);
      checkpoint.devices = {"GPU-1"};
      try {
        current.save(checkpoint);
      } catch (const IoError&) {
      }
    }
    disk_.heal();
    EXPECT_GE(loaded(), 7u);
    lost += left_by("GPU-1") == 5 ? 0 : 1;
  }
  EXPECT_LE(lost, 1);  // where the very renaming to the spare fails
}

}  // namespace
}  // namespace axiom
