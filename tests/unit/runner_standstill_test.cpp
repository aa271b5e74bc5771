// links: axiom_run axiom_test_support
// The runner's workers standing still within long pieces of work, and one that hangs.
#include "client/run/runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "client/run/watch_thread.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/runner_fixture.h"

namespace axiom {
namespace {

// Computes nothing before it is told to.
class HangingExecutor final : public testing::FakeExecutor {
 public:
  explicit HangingExecutor(const std::atomic<bool>& released)
      : FakeExecutor(-1, 0), released_(released) {}
  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override {
    while (!released_) std::this_thread::yield();
    FakeExecutor::train(run, state, until, pause, progress);
  }

 private:
  const std::atomic<bool>& released_;
};
class HangingBackend final : public FakeBackend {
 public:
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<HangingExecutor>(released);
  }
  std::atomic<bool> released{false};
};

// The supervising thread hangs, too, once a checkpoint waits for the worker that does.
TEST_F(RunnerTest, AWorkerThatHangsIsSeenByTheWatch) {
  HangingBackend hanging;
  Checkpoint state = fresh();
  testing::FaultyFileSystem files;
  files.make_directories("/out");
  CheckpointStore store(files, "/out", "fake");
  std::vector<std::string> notes;
  store.load(state.work_digest, notes);
  RunnerOptions options;
  options.checkpoint_interval = 0.01;
  std::optional<WatchThread::Place> stuck;
  WatchThread watch(
      0.2, [] { return false; },
      [&](const WatchThread::Place& place) {
        stuck = place;
        hanging.released = true;
      });
  {
    Runner runner(work, hanging, state, &store, options, observer);
    const Followed followed(watch, runner);
    EXPECT_EQ(runner.run(), 0);
  }
  watch.stop();
  ASSERT_TRUE(stuck.has_value());
  EXPECT_TRUE(stuck->begun);
  EXPECT_EQ(stuck->limit, 0.2);
}

// An evaluation that takes until it is told to end.
class LongEvaluation final : public testing::FakeExecutor {
 public:
  struct Control {
    std::atomic<bool> begun{false};
    std::atomic<bool> released{false};
    std::atomic<int> rounds{0};
  };
  explicit LongEvaluation(Control& control) : FakeExecutor(-1, 0), control_(control) {}
  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override {
    control_.begun = true;
    while (!control_.released) {
      rest();
      ++control_.rounds;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    FakeExecutor::evaluate(run, state, snapshot);
  }

 private:
  Control& control_;
};
class LongEvaluationBackend final : public FakeBackend {
 public:
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<LongEvaluation>(control);
  }
  mutable LongEvaluation::Control control;
};

TEST_F(RunnerTest, ASuspendedRunStandsStillWithinAnEvaluation) {
  const std::string one = expected();
  for (const int threads : {1, 3}) {
    LongEvaluationBackend slow;
    Checkpoint state = fresh();
    int asked = 0;
    int rounds_before = 0;
    RunnerOptions options;
    options.threads = threads;
    options.suspended = [&] {
      if (!slow.control.begun) return false;
      // The first answer stops the workers; after it they must not go on.
      if (++asked == 2) rounds_before = slow.control.rounds;
      if (asked == 4) {
        EXPECT_EQ(slow.control.rounds, rounds_before);
        slow.control.released = true;
      }
      return asked < 4;
    };
    Runner runner(work, slow, state, nullptr, options, observer);
    ASSERT_EQ(runner.run(), 0);
    EXPECT_GE(asked, 4);
    EXPECT_EQ(result_of(state), one);
  }
}

TEST_F(RunnerTest, ACheckpointWithinAnEvaluationAndAStopWithinOneLoseNoValue) {
  const std::string one = expected();
  LongEvaluationBackend slow;
  testing::FaultyFileSystem files;
  files.make_directories("/out");
  {
    CheckpointStore store(files, "/out", "fake");
    Checkpoint state = fresh();
    std::vector<std::string> notes;
    store.load(state.work_digest, notes);
    int saved = 0;
    RunnerOptions options;
    options.threads = 2;
    options.save_due = [&] { return slow.control.begun && saved == 0; };
    options.save_done = [&] { ++saved; };
    // Without another save at the end: what counts is the one within.
    options.stop_signal = [&] {
      if (saved > 0) files.full_from(1);
      return saved > 0 ? 15 : 0;
    };
    Runner runner(work, slow, state, &store, options, observer);
    EXPECT_THROW(runner.run(), IoError);
    EXPECT_FALSE(slow.control.released);
    files.heal();
  }
  CheckpointStore store(files, "/out", "fake");
  std::vector<std::string> notes;
  std::optional<Checkpoint> state = store.load(std::string(64, 'a'), notes);
  ASSERT_TRUE(state.has_value());
  Observer own_observer;
  Runner runner(work, backend, *state, &store, {}, own_observer);
  ASSERT_EQ(runner.run(), 0);
  EXPECT_EQ(result_of(*state), one);
}

}  // namespace
}  // namespace axiom
