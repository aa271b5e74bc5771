// links: axiom_run axiom_test_support
// The runner with a small made-up experiment: values must not depend on threads or interruptions.
#include "client/run/runner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "tests/support/faulty_file_system.h"
#include "tests/unit/runner_fixture.h"

namespace axiom {
namespace {

TEST_F(RunnerTest, MeasuresEverythingOnce) {
  Checkpoint state = fresh();
  Runner runner(work, backend, state, nullptr, {}, observer);
  ASSERT_EQ(runner.run(), 0);
  const SeedPlan shape = experiment.plan({}, 11);
  for (const SeedState& seed : state.seeds) {
    ASSERT_EQ(seed.groups.size(), shape.groups.size());
    for (std::size_t g = 0; g < shape.groups.size(); ++g) {
      const Group& group = shape.groups[g];
      EXPECT_EQ(seed.groups[g].measured, group.measured_steps.size());
      EXPECT_EQ(seed.groups[g].values.size(),
                group.measured_steps.size() * group.values_per_measurement);
      EXPECT_FALSE(std::isnan(seed.groups[g].values[0]));
      EXPECT_TRUE(seed.groups[g].members.empty());
    }
  }
  EXPECT_EQ(runner.progress().fraction(), 1);
  // Group 0, network 2 of an odd seed is lost between steps 3 and 10: seen at 10 and 25 only.
  const auto diverged = [&](std::size_t measurement) {
    return state.seeds[0].groups[0].values[measurement * 2 + 1];
  };
  EXPECT_TRUE(std::isnan(diverged(0)));
  EXPECT_TRUE(std::isnan(diverged(1)));
  EXPECT_EQ(diverged(2), 1);
  EXPECT_EQ(diverged(3), 1);
  EXPECT_TRUE(std::isnan(state.seeds[1].groups[0].values[3 * 2 + 1]));
}

TEST_F(RunnerTest, ValuesDoNotDependOnThreads) {
  const std::string one = expected();
  for (const int threads : {2, 5, 64}) {
    Checkpoint state = fresh();
    Runner runner(work, backend, state, nullptr, {threads, 60, [] { return 0; }}, observer);
    ASSERT_EQ(runner.run(), 0);
    EXPECT_EQ(result_of(state), one) << threads << " threads";
  }
}

// As with a device: a worker takes several networks, and several groups to measure.
TEST_F(RunnerTest, ValuesDoNotDependOnHowManyNetworksAreTakenAtOnce) {
  const std::string one = expected();
  for (const std::size_t networks : {2, 5, 1000}) {
    for (const int threads : {1, 2, 3}) {
      Checkpoint state = fresh();
      Runner runner(work, backend, state, nullptr, {threads, 60, [] { return 0; }, networks},
                    observer);
      ASSERT_EQ(runner.run(), 0);
      EXPECT_EQ(result_of(state), one) << networks << " networks, " << threads << " threads";
      EXPECT_EQ(runner.progress().fraction(), 1);
    }
  }
}

// Runs until a random moment, again and again, each time with another number of threads.
TEST_F(RunnerTest, ValuesDoNotDependOnInterruptions) {
  const std::string unbroken = expected();
  backend.spins = 50000;
  std::mt19937 random(7);
  for (int round = 0; round < 5; ++round) {
    testing::FaultyFileSystem files;
    files.make_directories("/out");
    int sessions = 0;
    for (int signal = 15; signal != 0; ++sessions) {
      CheckpointStore store(files, "/out", "fake");
      std::vector<std::string> notes;
      Checkpoint state = store.load(std::string(64, 'a'), notes).value_or(fresh());
      EXPECT_TRUE(notes.empty());
      int polls = static_cast<int>(random() % 2);
      const int threads = static_cast<int>(1 + random() % 5);
      Observer fresh_observer;
      Runner runner(work, backend, state, &store,
                    {threads, 0.001, [&] { return sessions < 20 && polls-- <= 0 ? 15 : 0; }},
                    fresh_observer);
      signal = runner.run();
      if (signal == 0) {
        EXPECT_EQ(result_of(state), unbroken);
      }
    }
    EXPECT_GT(sessions, 1) << "was never interrupted";
  }
}

TEST_F(RunnerTest, EveryCheckpointLeadsToTheSameValues) {
  const std::string unbroken = expected();
  backend.spins = 50000;
  testing::FaultyFileSystem files;
  files.make_directories("/out");
  CheckpointStore store(files, "/out", "fake");
  std::vector<std::string> notes;
  ASSERT_FALSE(store.load(std::string(64, 'a'), notes));
  std::map<std::uint64_t, Checkpoint> saved;
  observer.on_progress = [&] {
    for (const std::string& name : files.names()) {
      if (name.find(".checkpoint.") == std::string::npos) continue;
      Checkpoint checkpoint = decode(files.content(name));
      saved.emplace(checkpoint.sequence, std::move(checkpoint));
    }
  };
  Checkpoint state = fresh();
  Runner runner(work, backend, state, &store, {3, 0.001, [] { return 0; }}, observer);
  ASSERT_EQ(runner.run(), 0);
  ASSERT_GE(saved.size(), 3u);
  backend.spins = 0;
  int threads = 1;
  for (auto& [sequence, checkpoint] : saved) {
    Observer fresh_observer;
    Runner resumed(work, backend, checkpoint, nullptr, {threads++ % 4 + 1}, fresh_observer);
    ASSERT_EQ(resumed.run(), 0);
    EXPECT_EQ(result_of(checkpoint), unbroken) << "checkpoint " << sequence;
    EXPECT_NEAR(resumed.progress().fraction(), 1, 1e-12);
  }
}

TEST_F(RunnerTest, AFullDiskIsAWarningUntilTheStop) {
  backend.spins = 20000;
  testing::FaultyFileSystem files;
  files.make_directories("/out");
  CheckpointStore store(files, "/out", "fake");
  std::vector<std::string> notes;
  store.load(std::string(64, 'a'), notes);
  files.full_from(1);
  {
    Checkpoint state = fresh();
    Runner runner(work, backend, state, &store, {2, 0.001, [] { return 0; }}, observer);
    EXPECT_EQ(runner.run(), 0);
    EXPECT_EQ(observer.warnings.size(), 1u);  // not one per attempt
    EXPECT_EQ(state.checkpoints, 0u);
    EXPECT_EQ(result_of(state), expected());
  }
  Checkpoint state = fresh();
  Observer fresh_observer;
  Runner runner(work, backend, state, &store, {2, 60, [] { return 2; }}, fresh_observer);
  EXPECT_THROW(runner.run(), IoError);
}

TEST_F(RunnerTest, RethrowsWhatAWorkerThrew) {
  for (const int threads : {1, 4}) {
    Checkpoint state = fresh();
    FakeBackend broken;
    broken.fail_at_step = 9;
    Runner runner(work, broken, state, nullptr, {threads}, observer);
    EXPECT_THROW(runner.run(), std::runtime_error);
  }
  Checkpoint state = fresh();
  experiment.fail_in_measure = true;
  Runner runner(work, backend, state, nullptr, {3}, observer);
  EXPECT_THROW(runner.run(), std::runtime_error);
}

TEST_F(RunnerTest, RefusesAStateThatDoesNotFit) {
  const SeedPlan shape = experiment.plan({}, 11);
  const auto refused = [&](const std::function<void(SeedState&)>& damage) {
    Checkpoint state = fresh();
    SeedState& seed = state.seeds[2];
    seed.groups.resize(shape.groups.size());
    seed.groups[1].members.resize(1);
    seed.groups[1].members[0].step = 4;
    seed.groups[1].members[0].parameters.resize(shape.groups[1].members[0].shape.parameters());
    damage(seed);
    try {
      Runner(work, backend, state, nullptr, {}, observer);
    } catch (const CheckpointError&) {
      return true;
    }
    return false;
  };
  EXPECT_FALSE(refused([](SeedState&) {}));
  EXPECT_TRUE(refused([](SeedState& seed) { seed.groups.pop_back(); }));
  EXPECT_TRUE(refused([](SeedState& seed) { seed.groups[1].members[0].step = 6; }));
  EXPECT_TRUE(refused([](SeedState& seed) { seed.groups[1].members[0].parameters.pop_back(); }));
  EXPECT_TRUE(refused([](SeedState& seed) { seed.groups[1].members.resize(2); }));
  EXPECT_TRUE(refused([](SeedState& seed) { seed.groups[1].values.resize(1); }));
  EXPECT_TRUE(refused([](SeedState& seed) { seed.groups[0].measured = 9; }));
  EXPECT_TRUE(refused([](SeedState& seed) { seed.groups[1].measured = 1; }));
}

// What memory_plan.cpp relies on.
TEST_F(RunnerTest, NoMoreGroupsTrainThanThreads) {
  backend.spins = 20000;
  for (const int threads : {1, 2, 4}) {
    testing::FaultyFileSystem files;
    files.make_directories("/out");
    CheckpointStore store(files, "/out", "fake");
    std::vector<std::string> notes;
    store.load(std::string(64, 'a'), notes);
    Observer watching;
    int seen = 0;
    watching.on_progress = [&] {
      for (const std::string& name : files.names()) {
        if (name.find(".checkpoint.") == std::string::npos) continue;
        int groups = 0;
        int seeds = 0;
        for (const SeedState& seed : decode(files.content(name)).seeds) {
          int in_training = 0;
          for (const GroupState& group : seed.groups) in_training += !group.members.empty();
          groups += in_training;
          seeds += in_training > 0;
        }
        seen = std::max(seen, groups);
        EXPECT_LE(groups, threads);
        EXPECT_LE(seeds, threads);
      }
    };
    Checkpoint state = fresh();
    Runner runner(work, backend, state, &store, {threads, 0.001, [] { return 0; }}, watching);
    ASSERT_EQ(runner.run(), 0);
    EXPECT_GE(seen, 1);
  }
}

}  // namespace
}  // namespace axiom
