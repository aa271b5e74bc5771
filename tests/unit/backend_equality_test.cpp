// links: axiom_cpu axiom_plan axiom_wide_backend
// Every backend against the reference, bit for bit: matrix kernels, single steps, whole training
// runs, probes. Backends that this host cannot run are reported as SKIPPED; the AVX-512 tile shapes
// always run, on plain lanes.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/arithmetic/streams.h"
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

std::vector<double> random_matrix(int rows, int columns, std::uint32_t trial) {
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  const arithmetic::Stream stream{9, trial, 0, arithmetic::Purpose::features, 0};
  arithmetic::fill_normal(stream, values.data(), values.size());
  // Double precision in full, so that every rounding matters.
  std::vector<double> out;
  for (const float value : values) out.push_back(static_cast<double>(value) / 3.0);
  return out;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

TEST_P(BackendEquality, MatrixProducts) {
  const MatrixOps& expected = reference_backend().matrix_ops();
  const MatrixOps& actual = GetParam()->matrix_ops();
  for (const int rows : {1, 7, 100, 128, 300}) {
    for (const int m : {1, 3, 8, 17, 33, 64}) {
      const auto a = random_matrix(rows, m, 1);
      std::vector<double> c(static_cast<std::size_t>(m * m));
      std::vector<double> d(c);
      expected.gram(a.data(), c.data(), rows, m);
      actual.gram(a.data(), d.data(), rows, m);
      EXPECT_TRUE(same_bits(c, d)) << "gram " << rows << " x " << m;
      for (const int n : {1, 5, 16, 40}) {
        const auto b = random_matrix(rows, n, 2);
        c.assign(static_cast<std::size_t>(m * n), 0.0);
        d = c;
        expected.transposed_product(a.data(), b.data(), c.data(), rows, m, n);
        actual.transposed_product(a.data(), b.data(), d.data(), rows, m, n);
        EXPECT_TRUE(same_bits(c, d)) << "product " << rows << ", " << m << " x " << n;
      }
    }
  }
}

TEST_P(BackendEquality, Tridiagonalization) {
  for (const int n : {1, 2, 3, 4, 5, 8, 20, 37, 64, 100}) {
    const auto a = random_matrix(n + 3, n, 3);
    std::vector<double> gram(static_cast<std::size_t>(n * n));
    reference_backend().matrix_ops().gram(a.data(), gram.data(), n + 3, n);
    if (n == 20) {  // columns of zeros: dead units
      for (int i = 0; i < n; ++i) {
        for (const int dead : {3, 4, 19}) {
          gram[static_cast<std::size_t>(i * n + dead)] = 0.0;
          gram[static_cast<std::size_t>(dead * n + i)] = 0.0;
        }
      }
    }
    const auto size = static_cast<std::size_t>(n);
    std::vector<double> diagonal[2] = {std::vector<double>(size), std::vector<double>(size)};
    std::vector<double> off[2] = {std::vector<double>(size), std::vector<double>(size)};
    reference_backend().matrix_ops().tridiagonalize(gram.data(), n, diagonal[0].data(),
                                                    off[0].data());
    GetParam()->matrix_ops().tridiagonalize(gram.data(), n, diagonal[1].data(), off[1].data());
    EXPECT_TRUE(same_bits(diagonal[0], diagonal[1])) << n;
    EXPECT_TRUE(same_bits(off[0], off[1])) << n;
  }
}

TEST_P(BackendEquality, CholeskyFactors) {
  for (const int n : {1, 2, 3, 4, 5, 8, 21, 33, 65, 129}) {
    const auto a = random_matrix(n + 3, n, 4);
    const auto size = static_cast<std::size_t>(n);
    std::vector<double> gram(size * size);
    reference_backend().matrix_ops().gram(a.data(), gram.data(), n + 3, n);
    std::vector<double> expected = gram;
    std::vector<double> actual = gram;
    EXPECT_TRUE(reference_backend().matrix_ops().cholesky(expected.data(), n));
    EXPECT_TRUE(GetParam()->matrix_ops().cholesky(actual.data(), n));
    EXPECT_TRUE(same_bits(expected, actual)) << n;
    // A pivot that is not positive is found by both, wherever it is.
    for (std::size_t k = 0; k < size; k += 3) {
      std::vector<double> indefinite = gram;
      indefinite[k * size + k] = -1.0;
      std::vector<double> again = indefinite;
      EXPECT_FALSE(reference_backend().matrix_ops().cholesky(indefinite.data(), n));
      EXPECT_FALSE(GetParam()->matrix_ops().cholesky(again.data(), n)) << n << ", pivot " << k;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendEquality,
                         testing::Values(&avx2_backend(), &avx512_backend(), &wide_backend()),
                         [](const auto& parameter) { return parameter.param->name(); });

}  // namespace
}  // namespace axiom
