// links: axiom_checkpoint axiom_test_support
// The store on a disk that fails at every operation, and on one that loses its power there.
#include "checkpoint/store.h"

#include <gtest/gtest.h>

#include "tests/support/checkpoint_states.h"
#include "tests/support/faulty_file_system.h"

namespace axiom {
namespace {

using testing::FaultyFileSystem;
using testing::id_of;
using testing::one;
using testing::PowerCut;
using testing::state;
using testing::work;
using testing::zero;
using Fault = FaultyFileSystem::Fault;

/// What a program that runs for a while knows about its saves.
struct Log {
  std::uint64_t saved = 0;      ///< the last that succeeded
  std::uint64_t attempted = 0;  ///< the last that was begun
};

/// A program's life: load, then `saves` saves, going on after a failed one.
void live(FaultyFileSystem& disk, Log& log, int saves) {
  disk.make_directories("/out");
  CheckpointStore store(disk, "/out", "w");
  std::vector<std::string> notes;
  const std::uint64_t loaded = id_of(store.load(work, notes));
  // At most one state back, if the newest could not be read.
  EXPECT_GE(loaded + 1, log.saved);
  EXPECT_LE(loaded, log.attempted);
  log.saved = loaded;
  for (int i = 0; i < saves; ++i) {
    Checkpoint checkpoint = state(++log.attempted);
    try {
      store.save(checkpoint);
      log.saved = log.attempted;
    } catch (const IoError&) {
    }
  }
}

std::uint64_t load_fresh(FaultyFileSystem& disk) {
  CheckpointStore store(disk, "/out", "w");
  std::vector<std::string> notes;
  return id_of(store.load(work, notes));
}

TEST(StoreFaults, AFailureOfAnyOperationKeepsOneOfTheLastTwoStates) {
  for (const Fault fault : {Fault::error, Fault::late_error, Fault::short_write}) {
    for (const int earlier : {0, 1, 2, 3}) {
      std::uint64_t n = 0;
      bool reached = true;
      while (reached) {
        ++n;
        SCOPED_TRACE("operation " + std::to_string(n) + " after " + std::to_string(earlier));
        FaultyFileSystem disk;
        disk.set_largest_write(100);
        Log log;
        live(disk, log, earlier);
        disk.fail_at(n, fault);
        try {
          live(disk, log, 1);
        } catch (const IoError&) {
        }
        reached = disk.fault_reached();
        disk.heal();
        if (!reached) {
          ASSERT_EQ(load_fresh(disk), log.attempted);
        } else if (earlier == 0) {
          ASSERT_LE(load_fresh(disk), log.attempted);
        } else {
          const std::uint64_t found = load_fresh(disk);
          ASSERT_TRUE(found == log.saved || found + 1 == log.saved || found == log.attempted)
              << found << " of " << log.saved << ", " << log.attempted;
        }
        // And the next program's saves succeed.
        live(disk, log, 2);
        ASSERT_EQ(load_fresh(disk), log.attempted);
      }
      EXPECT_GT(n, 10u);
    }
  }
}

TEST(StoreFaults, ASaveThatFailedOnceIsRepairedByTheNext) {
  for (const Fault fault : {Fault::error, Fault::late_error, Fault::short_write}) {
    for (std::uint64_t n = 1; n <= 40; ++n) {
      FaultyFileSystem disk;
      disk.set_largest_write(100);
      Log log;
      live(disk, log, 3);
      disk.fail_at(n, fault);
      bool started = true;
      try {
        live(disk, log, 4);
      } catch (const IoError&) {
        started = false;
      }
      disk.heal();
      // All but one save succeeded, and the last of them counts.
      if (started && log.saved == log.attempted) {
        ASSERT_EQ(load_fresh(disk), log.saved) << n;
      }
      // Even if the power goes now.
      disk.restart(n);
      const std::uint64_t found = load_fresh(disk);
      ASSERT_TRUE(found == log.saved || found == log.attempted || found + 1 == log.saved) << n;
    }
  }
}

TEST(StoreFaults, APowerCutAtAnyOperationLosesNoStateThatWasSaved) {
  int lost_attempts = 0;
  int kept_attempts = 0;
  for (const int earlier : {0, 1, 2, 3}) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      bool reached = true;
      for (std::uint64_t n = 1; reached; ++n) {
        SCOPED_TRACE("operation " + std::to_string(n) + ", seed " + std::to_string(seed));
        FaultyFileSystem disk;
        disk.set_largest_write(100);
        Log log;
        live(disk, log, earlier);
        disk.cut_power_at(n, seed);
        try {
          live(disk, log, 3);
        } catch (const PowerCut&) {
        }
        reached = disk.fault_reached();
        disk.restart(seed);
        disk.make_directories("/out");
        const std::uint64_t found = load_fresh(disk);
        ASSERT_TRUE(found == log.saved || found == log.attempted)
            << found << " of " << log.saved << ", " << log.attempted;
        if (log.attempted != log.saved) ++(found == log.saved ? lost_attempts : kept_attempts);
        log.saved = found;
        live(disk, log, 2);
        ASSERT_EQ(load_fresh(disk), log.attempted);
      }
    }
  }
  // Both outcomes were met: the cuts fell before and after the commit.
  EXPECT_GT(lost_attempts, 100);
  EXPECT_GT(kept_attempts, 100);
}

// The second cut comes while the damage of the first is being cleaned up.
TEST(StoreFaults, TwoPowerCutsInARowLoseNoStateThatWasSaved) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (std::uint64_t first = 1; first <= 30; ++first) {
      for (std::uint64_t second = 1; second <= 30; ++second) {
        FaultyFileSystem disk;
        disk.set_largest_write(100);
        Log log;
        live(disk, log, 2);
        for (const std::uint64_t n : {first, second}) {
          disk.cut_power_at(n, seed);
          try {
            live(disk, log, 3);
          } catch (const PowerCut&) {
          }
          disk.restart(seed + n);
          const std::uint64_t found = load_fresh(disk);
          ASSERT_TRUE(found == log.saved || found == log.attempted)
              << first << " " << second << ": " << found << " of " << log.saved << ", "
              << log.attempted;
          log.saved = found;
        }
      }
    }
  }
}

TEST(StoreFaults, ADamagedFileAndAPowerCutWhileItIsSetAside) {
  for (const std::string& damaged : {zero, one}) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      for (std::uint64_t n = 1; n <= 16; ++n) {
        FaultyFileSystem disk;
        Log log;
        live(disk, log, 4);
        const bool is_newer = decode(disk.content(damaged)).checkpoints == 4;
        disk.put(damaged, "garbage");
        disk.cut_power_at(n, seed);
        try {
          load_fresh(disk);
        } catch (const PowerCut&) {
        }
        disk.restart(seed);
        ASSERT_EQ(load_fresh(disk), is_newer ? 3u : 4u) << n;
      }
    }
  }
}

TEST(StoreFaults, ADamagedFileThatCannotBeSetAsideIsNoObstacle) {
  FaultyFileSystem disk;
  Log log;
  live(disk, log, 3);
  disk.put(zero, "garbage");  // the newest, of saves 0 1 0
  CheckpointStore store(disk, "/out", "w");
  std::vector<std::string> notes;
  // Two temporaries; of each generation examine, examine, read; then rename.
  disk.fail_at(9, Fault::error);
  EXPECT_EQ(id_of(store.load(work, notes)), 2u);
  EXPECT_TRUE(disk.fault_reached());
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("could not be set aside"), std::string::npos) << notes[0];
  Checkpoint checkpoint = state(7);
  store.save(checkpoint);
  EXPECT_EQ(load_fresh(disk), 7u);
}

}  // namespace
}  // namespace axiom
