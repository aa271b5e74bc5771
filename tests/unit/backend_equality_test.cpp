// links: axiom_cpu axiom_plan axiom_wide_backend
// Every backend against the reference, bit for bit: single steps, whole training runs, probes.
// Backends that this host cannot run are reported as SKIPPED; the AVX-512 tile shapes always run,
// on plain lanes.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/plan/backend.h"
#include "client/plan/initial_parameters.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/features.h"
#include "cpu/reference/reference_backend.h"
#include "cpu/vector_backend.h"
#include "tests/support/equality_cases.h"
#include "tests/support/wide_backend.h"

namespace axiom {
namespace {

using test::Case;
using test::make_run;
using test::train_and_evaluate;

const Backend& wide_backend() {
  static const cpu::VectorBackend backend("wide", test::wide_kernels(), cpu::avx2_unavailable);
  return backend;
}

class BackendEquality : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    const std::string reason = GetParam()->unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "SKIPPED " << GetParam()->name() << ": " << reason;
  }
};

TEST_P(BackendEquality, TrainingAndProbes) {
  for (const Case& c : test::equality_cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = train_and_evaluate(*reference_backend().make_executor(), run, 0);
    EXPECT_TRUE(expected == train_and_evaluate(*GetParam()->make_executor(), run, 0));
  }
}

TEST_P(BackendEquality, PausedAtEveryStep) {
  for (const Case& c : test::equality_cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = train_and_evaluate(*GetParam()->make_executor(), run, 0);
    EXPECT_TRUE(expected == train_and_evaluate(*GetParam()->make_executor(), run, 1));
  }
}

TEST_P(BackendEquality, HandedOverToTheReferenceHalfWay) {
  const TrainingRun run = make_run(test::equality_cases().front());
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  RunState whole;
  initial_parameters(run, whole.parameters);
  RunState handed = whole;
  reference_backend().make_executor()->train(run, whole, run.steps, pause, progress);
  GetParam()->make_executor()->train(run, handed, 3, pause, progress);
  reference_backend().make_executor()->train(run, handed, run.steps, pause, progress);
  ASSERT_EQ(whole.parameters.size(), handed.parameters.size());
  EXPECT_EQ(0, std::memcmp(whole.parameters.data(), handed.parameters.data(),
                           whole.parameters.size() * sizeof(float)));
}

/// Wherever an executor rests the run may be saved: its state is that of a step boundary.
TEST(ReferenceExecutor, RestsWithTheStateOfAStepBoundary) {
  const TrainingRun run =
      make_run({{20, 12, 8, 2}, Loss::softmax_cross_entropy, 40, 16, 0.2f, 0.01f});
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  std::vector<std::vector<float>> boundaries;
  RunState state;
  initial_parameters(run, state.parameters);
  for (std::uint64_t step = 0; step < run.steps; ++step) {
    boundaries.push_back(state.parameters);
    reference_backend().make_executor()->train(run, state, step + 1, pause, progress);
  }
  RunState rested;
  initial_parameters(run, rested.parameters);
  const auto executor = reference_backend().make_executor();
  int rests = 0;
  executor->set_rest([&] {
    ++rests;
    ASSERT_EQ(rested.parameters, boundaries.at(rested.step)) << "within step " << rested.step;
  });
  executor->train(run, rested, run.steps, pause, progress);
  EXPECT_EQ(rested.parameters, state.parameters);
  EXPECT_GT(rests, static_cast<int>(run.steps) * run.shape.layers());
}

TEST_P(BackendEquality, DivergenceIsSeen) {
  TrainingRun run = make_run(test::equality_cases().front());
  run.learning_rate = 1e20f;
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  RunState state;
  initial_parameters(run, state.parameters);
  const auto executor = GetParam()->make_executor();
  executor->train(run, state, run.steps, pause, progress);
  Snapshot snapshot;
  executor->evaluate(run, state, snapshot);
  EXPECT_TRUE(snapshot.diverged);
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendEquality,
                         testing::Values(&avx2_backend(), &avx512_backend(), &wide_backend()),
                         [](const auto& parameter) { return parameter.param->name(); });

}  // namespace
}  // namespace axiom
