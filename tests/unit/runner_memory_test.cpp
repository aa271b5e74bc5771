// links: axiom_run axiom_test_support
// The memory that the runner plans, and that its workers together hold no more than that.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "client/run/memory_plan.h"
#include "client/run/runner.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/runner_fixture.h"

namespace axiom {
namespace {

std::size_t bytes_of(const TrainingRun& run) { return 1000 * run.shape.parameters(); }

// What all executors hold, now and at most.
struct Held {
  std::atomic<std::int64_t> now{0};
  std::atomic<std::int64_t> most{0};

  void add(std::int64_t bytes) {
    const std::int64_t sum = now.fetch_add(bytes) + bytes;
    std::int64_t seen = most.load();
    while (seen < sum && !most.compare_exchange_weak(seen, sum)) {
    }
  }
};

// Keeps the buffers of the largest network since release(), as those of the processors do.
class KeepingExecutor final : public testing::FakeExecutor {
 public:
  KeepingExecutor(int spins, Held& held) : FakeExecutor(-1, spins), held_(held) {}
  ~KeepingExecutor() override { release(); }

  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override {
    keep(run);
    FakeExecutor::train(run, state, until, pause, progress);
  }
  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override {
    keep(run);
    FakeExecutor::evaluate(run, state, snapshot);
  }
  void release() override {
    held_.add(-bytes_);
    bytes_ = 0;
  }

 private:
  void keep(const TrainingRun& run) {
    const auto bytes = static_cast<std::int64_t>(bytes_of(run));
    if (bytes <= bytes_) return;
    held_.add(bytes - bytes_);
    bytes_ = bytes;
  }

  Held& held_;
  std::int64_t bytes_ = 0;
};

class KeepingBackend final : public testing::FakeBackend {
 public:
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<KeepingExecutor>(spins, held);
  }
  std::size_t executor_bytes(const TrainingRun& run) const override { return bytes_of(run); }

  mutable Held held;
};

class RunnerMemoryTest : public RunnerTest {};

TEST_F(RunnerMemoryTest, PlansMemory) {
  const SeedPlan shape = experiment.plan({}, 11);
  EXPECT_EQ(useful_threads(shape, 1, 64), 13);
  EXPECT_EQ(useful_threads(shape, 7, 64), 64);
  const MemoryPlan one = plan_memory(experiment, shape, 1, backend, 1, nullptr, false);
  EXPECT_EQ(one.datasets, 4 * (2 * sizeof(float) + sizeof(std::int32_t)));
  EXPECT_EQ(one.workers, 1100u);
  EXPECT_EQ(one.checkpoint, 0u);
  const MemoryPlan three = plan_memory(experiment, shape, 7, backend, 3, nullptr, true);
  EXPECT_EQ(three.datasets, 3 * one.datasets);
  EXPECT_EQ(three.states, 3 * one.states);
  EXPECT_EQ(three.workers, 3 * one.workers);
  EXPECT_EQ(three.values, 7 * one.values);
  EXPECT_EQ(three.checkpoint, three.states + three.values);
  EXPECT_NO_THROW(require_memory(one, {8ull << 30, one.total()}, 4ull << 30));
  EXPECT_THROW(require_memory(one, {8ull << 30, one.total() - 1}, 4ull << 30), NotEnoughMemory);
  EXPECT_THROW(require_memory(one, {4ull << 30, 3ull << 30}, 4ull << 30), NotEnoughMemory);
  EXPECT_NO_THROW(require_memory(one, {1ull << 30, 1ull << 29}, 0));
}

// Of one seed: five groups of 3, 1, 2, 4 and 3 networks, the largest of which has 5, 3, 4, 6 and 5
// hidden units.
TEST_F(RunnerMemoryTest, CountsEachGroupOnceForEachMember) {
  const KeepingBackend keeping;
  const SeedPlan shape = experiment.plan({}, 11);
  const auto workers = [&](std::size_t seeds, int threads) {
    return plan_memory(experiment, shape, seeds, keeping, threads, nullptr, false).workers;
  };
  const auto in_group = [](std::uint64_t units) { return 1000 * (5 * units + 2) + 100; };
  EXPECT_EQ(workers(1, 1), in_group(6));
  EXPECT_EQ(workers(1, 5), 4 * in_group(6) + in_group(5));
  EXPECT_EQ(workers(1, 13), 4 * in_group(6) + 6 * in_group(5) + 2 * in_group(4) + in_group(3));
  EXPECT_EQ(workers(2, 9), 8 * in_group(6) + in_group(5));
}

// One large network among small ones.
class OneLargeNetwork final : public FakeExperiment {
 public:
  SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const override {
    SeedPlan plan = FakeExperiment::plan(parameters, seed);
    const Group small = plan.groups[1];
    plan.groups.assign(12, small);
    for (std::uint32_t g = 0; g < 12; ++g) {
      TrainingRun& run = plan.groups[g].members[0];
      run.trial = g;
      run.steps = 40;
      if (g == 0) run.shape.sizes[1] = 50;
      plan.groups[g].measured_steps.clear();
      for (std::uint64_t step = 1; step <= 40; ++step) {
        plan.groups[g].measured_steps.push_back(step);
      }
    }
    return plan;
  }
};

class WorkersTest : public RunnerMemoryTest {
 protected:
  WorkersTest() {
    work.experiment = &one_large;
    work.seeds = {11};
  }

  void run_and_compare(Checkpoint state, CheckpointStore* store, int threads) {
    KeepingBackend keeping;
    keeping.spins = 50000;
    Observer fresh_observer;
    Runner runner(work, keeping, state, store, {threads, 0.0001, [] { return 0; }}, fresh_observer);
    ASSERT_EQ(runner.run(), 0);
    const MemoryPlan plan = plan_memory(one_large, shape, 1, keeping, threads, nullptr, false);
    EXPECT_LE(keeping.held.most, static_cast<std::int64_t>(plan.workers)) << threads << " threads";
    EXPECT_GE(keeping.held.most, static_cast<std::int64_t>(bytes_of(shape.groups[0].members[0])));
    EXPECT_EQ(keeping.held.now, 0);
  }

  const OneLargeNetwork one_large;
  const SeedPlan shape = one_large.plan({}, 11);
};

// Saved all the time: after each pause any worker may go on with any network.
TEST_F(WorkersTest, HoldNoMoreThanIsPlannedWhenTheyArePaused) {
  for (const int threads : {1, 2, 3, 6, 12}) {
    testing::FaultyFileSystem files;
    files.make_directories("/out");
    CheckpointStore store(files, "/out", "fake");
    std::vector<std::string> notes;
    ASSERT_FALSE(store.load(std::string(64, 'a'), notes));
    run_and_compare(fresh(), &store, threads);
  }
}

// A run that more threads began: those who go on hand all its networks round.
TEST_F(WorkersTest, HoldNoMoreThanIsPlannedWhenTheyAreFewer) {
  Checkpoint begun = fresh();
  begun.seeds[0].groups.resize(shape.groups.size());
  for (std::size_t g = 0; g < shape.groups.size(); ++g) {
    RunState network;
    network.parameters.resize(shape.groups[g].members[0].shape.parameters());
    begun.seeds[0].groups[g].members.push_back(network);
  }
  for (const int threads : {2, 3, 6}) run_and_compare(begun, nullptr, threads);
}

}  // namespace
}  // namespace axiom
