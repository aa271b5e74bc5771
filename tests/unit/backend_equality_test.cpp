// links: axiom_cpu axiom_plan axiom_wide_backend
// Every backend against the reference, bit for bit: single steps, whole training runs, evaluations.
// Backends that this host cannot run are reported as SKIPPED; the AVX-512 tile shapes run
// wherever AVX2 is, on plain lanes.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "client/plan/backend.h"
#include "client/plan/initial_parameters.h"
#include "client/plan/step.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/avx512/avx512_kernels.h"
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

/// AVX-512 as it is on hosts with one unit of 512 bits and with two, whichever this one has.
const Backend& avx512_one_unit() {
  static const cpu::VectorBackend backend("avx512_one_unit", cpu::avx512::kernels,
                                          cpu::always<cpu::zero_skipping_one_unit>,
                                          cpu::avx512_unavailable);
  return backend;
}
const Backend& avx512_two_units() {
  static const cpu::VectorBackend backend("avx512_two_units", cpu::avx512::kernels,
                                          cpu::always<cpu::zero_skipping_two_units>,
                                          cpu::avx512_unavailable);
  return backend;
}
const Backend& wide_backend() {
  static const cpu::VectorBackend backend("wide", test::wide_kernels(),
                                          cpu::always<cpu::zero_skipping_one_unit>,
                                          cpu::avx2_unavailable);
  return backend;
}

class BackendEquality : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    const std::string reason = GetParam()->unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "SKIPPED " << GetParam()->name() << ": " << reason;
  }

  /// Trained and measured, each network has the reference's bits.
  void expect_reference(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
      SCOPED_TRACE(testing::Message() << c);
      const TrainingRun run = make_run(c);
      const auto expected = train_and_evaluate(*reference_backend().make_executor(), run, 0);
      EXPECT_TRUE(expected == train_and_evaluate(*GetParam()->make_executor(), run, 0));
    }
  }
};

TEST_P(BackendEquality, TrainingAndEvaluation) { expect_reference(test::equality_cases()); }

TEST_P(BackendEquality, PausedAtEveryStep) {
  for (const Case& c : test::equality_cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = train_and_evaluate(*GetParam()->make_executor(), run, 0);
    EXPECT_TRUE(expected == train_and_evaluate(*GetParam()->make_executor(), run, 1));
  }
}

/// Layers wide enough for products that skip zeros (cpu/sparse_product.inl): whole and cut words of
/// 64 terms, panels that do not go into the columns, dropout, blocks of a split batch.
TEST_P(BackendEquality, ProductsThatSkipZeros) {
  const auto softmax = Loss::softmax_cross_entropy;
  const std::vector<Case> cases = {
      {{20, 128, 160, 2}, softmax, 35, 32, 0, 0},
      {{20, 200, 130, 141, 3}, softmax, 20, 9, 0, 0.02f},
      {{20, 130, 300, 2}, softmax, 24, 64, 0.5f, 0},
      {{20, 192, 128, 128, 1}, Loss::sigmoid_cross_entropy, 70, 0, 0, 0},
      {{20, 129, 129, 2}, softmax, 7, 1, 0.3f, 0},
      {{20, 64, 64, 2}, softmax, 70, 32, 0, 0},
      {{20, 65, 96, 70, 2}, softmax, 130, 64, 0.3f, 0},
      {{20, 70, 66, 1}, Loss::sigmoid_cross_entropy, 90, 0, 0, 0.02f},
  };
  expect_reference(cases);
}

/// One to eleven outputs (cpu/output_layer.inl takes five at once), above one hidden layer and more
/// of them, dense and with products that skip zeros, dropout, blocks of a split batch.
TEST_P(BackendEquality, AnyNumberOfOutputs) {
  for (const int outputs : {1, 4, 5, 6, 11}) {
    const auto loss = outputs > 1 ? Loss::softmax_cross_entropy : Loss::sigmoid_cross_entropy;
    const std::vector<Case> cases = {
        {{20, 41, outputs}, loss, 60, 13, 0, 0},
        {{20, 70, outputs}, loss, 150, 0, 0, 0.03f},
        {{3, 9, 33, outputs}, loss, 90, 80, 0.3f, 0},
        {{7, 128, 144, outputs}, loss, 18, 10, 0, 0},
    };
    expect_reference(cases);
  }
}

/// Sums that are −0 stay so: padding must not add a term +0.
TEST_P(BackendEquality, LogitsOfNegativeZero) {
  for (const int width : {1, 7, 8, 9, 16, 31, 33, 64}) {
    SCOPED_TRACE(width);
    const TrainingRun run = make_run({{3, width, 2}, Loss::softmax_cross_entropy, 5, 5, 0, 0});
    RunState state;
    initial_parameters(run, state.parameters);
    std::fill(state.parameters.begin(), state.parameters.end(), -0.0f);
    Snapshot snapshot;
    GetParam()->make_executor()->evaluate(run, state, snapshot);
    ASSERT_EQ(snapshot.evaluations.at(0).outputs.size(), 10u);
    for (const float logit : snapshot.evaluations[0].outputs) {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(logit), 0x80000000u);
    }
  }
}

/// Values from 2^-120 to 2^6, both zeros among them, so that products underflow to either zero:
/// which of them a sum ends with depends on the terms that were 0·b.
TEST_P(BackendEquality, SumsThatUnderflow) {
  std::mt19937 random(20);
  const auto draw = [&random](int lowest, int highest) {
    if (random() % 4 == 0) return random() % 2 == 0 ? 0.0f : -0.0f;
    const int exponent = lowest + static_cast<int>(random() % unsigned(highest - lowest + 1));
    const float value = std::ldexp(1.0f + static_cast<float>(random() % 8) / 8, exponent);
    return random() % 2 == 0 ? value : -value;
  };
  for (int trial = 0; trial < 60; ++trial) {
    SCOPED_TRACE(trial);
    const int units = trial % 3 == 0 ? 70 : 130;  // one strip of panels, or more
    TrainingRun run = make_run({{4, 128, units, 2}, Loss::softmax_cross_entropy, 6, 3, 0, 0});
    auto data = std::make_shared<Dataset>(*run.train);
    for (float& x : data->inputs) x = draw(-100, 5);
    run.train = data;
    for (EvaluationSet& set : run.evaluation_sets) set.data = data;
    run.steps = 2;
    RunState initial;
    initial_parameters(run, initial.parameters);
    std::size_t entry = 0;
    const int lowest[] = {-70, -100, -120};
    for (int l = 0; l < run.shape.layers(); ++l) {
      for (; entry < run.shape.bias_offset(l) + static_cast<std::size_t>(run.shape.fan_out(l));
           ++entry) {
        initial.parameters[entry] = draw(lowest[l], trial % 2 == 0 ? 0 : lowest[l] + 10);
      }
    }
    std::vector<std::uint32_t> bits[2];
    const std::atomic<bool> pause{false};
    std::atomic<std::uint64_t> progress{0};
    const Backend* backends[] = {&reference_backend(), GetParam()};
    for (int i = 0; i < 2; ++i) {
      RunState state = initial;
      Snapshot snapshot;
      const auto executor = backends[i]->make_executor();
      executor->train(run, state, run.steps, pause, progress);
      executor->evaluate(run, state, snapshot);
      bits[i] = test::all_bits(state, snapshot);
    }
    EXPECT_TRUE(bits[0] == bits[1]);
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

/// Whichever value overflows first, a run ends as diverged after the same step, and has the bits of
/// the reference until then.
TEST_P(BackendEquality, DivergenceIsSeen) {
  const Case sparse = {{20, 128, 128, 2}, Loss::softmax_cross_entropy, 24, 8, 0, 0};
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  int diverged = 0;
  int finite = 0;
  const Case dense = {{20, 32, 32, 2}, Loss::softmax_cross_entropy, 24, 8, 0, 0};
  for (const Case& c : {dense, sparse}) {
    for (const float rate : {1e3f, 1e9f, 1e15f, 1e30f}) {
      SCOPED_TRACE(testing::Message() << c << " learning rate " << rate);
      TrainingRun run = make_run(c);
      run.learning_rate = rate;
      const auto expected_by = reference_backend().make_executor();
      const auto given_by = GetParam()->make_executor();
      RunState expected;
      initial_parameters(run, expected.parameters);
      RunState given = expected;
      for (std::uint64_t step = 1; step <= run.steps; ++step) {
        expected_by->train(run, expected, step, pause, progress);
        given_by->train(run, given, step, pause, progress);
        Snapshot expected_snapshot;
        Snapshot given_snapshot;
        expected_by->evaluate(run, expected, expected_snapshot);
        given_by->evaluate(run, given, given_snapshot);
        ASSERT_EQ(expected_snapshot.diverged, given_snapshot.diverged) << "step " << step;
        ++(given_snapshot.diverged ? diverged : finite);
        if (given_snapshot.diverged) continue;
        ASSERT_TRUE(test::all_bits(expected, expected_snapshot) ==
                    test::all_bits(given, given_snapshot))
            << "step " << step;
      }
      if (rate >= 1e30f) {
        EXPECT_FALSE(all_finite(given.parameters));
      }
    }
  }
  EXPECT_GT(diverged, 0);
  EXPECT_GT(finite, 0);
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendEquality,
                         testing::Values(&avx2_backend(), &avx512_backend(), &avx512_one_unit(),
                                         &avx512_two_units(), &wide_backend()),
                         [](const auto& parameter) { return parameter.param->name(); });

}  // namespace
}  // namespace axiom
