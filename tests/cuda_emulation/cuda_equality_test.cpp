// The CUDA backend against the reference, bit for bit, on whatever libcuda.so.1 is found: the
// emulated device of this folder, or a real one. Prints SKIPPED where there is no device.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "client/plan/device_error.h"
#include "client/plan/initial_parameters.h"
#include "cpu/reference/reference_backend.h"
#include "cuda/cuda_backend.h"
#include "tests/support/equality_cases.h"

namespace axiom {
namespace {

using test::Case;
using test::make_run;

/// Beyond those of all backends: edges of the kernels' tiles, batches of one network each way.
std::vector<Case> cases() {
  const auto softmax = Loss::softmax_cross_entropy;
  std::vector<Case> all = test::equality_cases();
  const std::vector<Case> more = {
      {{20, 200, 136, 3}, softmax, 70, 64, 0, 0},
      {{10, 130, 65, 129, 5}, softmax, 66, 0, 0, 0.01f},
      {{20, 512, 8, 2}, softmax, 40, 33, 0.1f, 0},
      {{6, 64, 64, 64, 2}, softmax, 3, 64, 0, 0},
      {{9, 31, 63, 2}, softmax, 131, 0, 0.5f, 0},
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const Backend& backend() { return cuda_backend(0, reference_backend()); }

class CudaEquality : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = backend().unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "SKIPPED cuda: " << reason;
    set_cuda_options({});
  }
};

TEST_F(CudaEquality, TrainingAndProbes) {
  const auto executor = backend().make_executor();
  for (const Case& c : cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = test::train_and_evaluate(*reference_backend().make_executor(), run, 0);
    EXPECT_TRUE(expected == test::train_and_evaluate(*executor, run, 0));
  }
}

TEST_F(CudaEquality, PausedAtEveryStep) {
  const auto executor = backend().make_executor();
  for (const Case& c : {cases()[0], cases()[6], cases()[12], cases()[14]}) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = test::train_and_evaluate(*executor, run, 0);
    EXPECT_TRUE(expected == test::train_and_evaluate(*executor, run, 1));
  }
}

/// All cases in one call, several networks of each, on launches that end after every step or not.
void train_together(double launch_seconds) {
  set_cuda_options({launch_seconds, 0.25, 0});
  const auto executor = backend().make_executor();
  std::vector<TrainingRun> runs;
  for (const Case& c : cases()) {
    for (std::uint32_t network = 0; network < 3; ++network) {
      TrainingRun run = make_run(c);
      run.network = network;
      run.steps -= network == 1 ? run.steps_per_epoch() : 0;
      runs.push_back(run);
    }
  }
  std::vector<RunState> states(runs.size());
  std::vector<std::atomic<std::uint64_t>> progress(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) initial_parameters(runs[i], states[i].parameters);
  const std::atomic<bool> pause{false};
  for (int call = 0;; ++call) {
    std::vector<TrainingTask> tasks;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (states[i].step < runs[i].steps) {
        tasks.push_back({&runs[i], &states[i], runs[i].steps, &progress[i]});
      }
    }
    if (tasks.empty()) break;
    ASSERT_LT(call, 100) << "no network arrives";
    executor->train_all(tasks, pause);
  }
  std::vector<Snapshot> snapshots(runs.size());
  std::vector<EvaluationTask> tasks;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(progress[i].load(), runs[i].steps);
    tasks.push_back({&runs[i], &states[i], &snapshots[i]});
  }
  executor->evaluate_all(tasks);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto expected =
        test::train_and_evaluate(*reference_backend().make_executor(), runs[i], 0);
    EXPECT_TRUE(expected == test::all_bits(states[i], snapshots[i])) << "network " << i;
  }
}

TEST_F(CudaEquality, ManyNetworksAtOnce) { train_together(0.05); }

TEST_F(CudaEquality, LaunchesOfOneStep) { train_together(0); }

TEST_F(CudaEquality, DivergenceIsSeen) {
  TrainingRun run = make_run(cases().front());
  run.learning_rate = 1e20f;
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  RunState state;
  initial_parameters(run, state.parameters);
  const auto executor = backend().make_executor();
  executor->train(run, state, run.steps, pause, progress);
  Snapshot snapshot;
  executor->evaluate(run, state, snapshot);
  EXPECT_TRUE(snapshot.diverged);
}

}  // namespace
}  // namespace axiom
