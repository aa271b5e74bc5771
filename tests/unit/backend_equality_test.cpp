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
#include "tests/support/wide_backend.h"

namespace axiom {
namespace {

const Backend& wide_backend() {
  static const cpu::VectorBackend backend("wide", test::wide_kernels(), cpu::avx2_unavailable);
  return backend;
}

struct Case {
  std::vector<int> sizes;
  Loss loss;
  int samples;
  int batch;
  float dropout;
  float weight_decay;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  for (const int size : c.sizes) out << size << ' ';
  return out << "samples " << c.samples << " batch " << c.batch << " dropout " << c.dropout;
}

std::vector<Case> cases() {
  const auto softmax = Loss::softmax_cross_entropy;
  const auto sigmoid = Loss::sigmoid_cross_entropy;
  return {
      {{20, 32, 32, 2}, softmax, 100, 32, 0, 0},
      {{20, 64, 2}, softmax, 70, 32, 0, 0.01f},
      {{20, 128, 128, 2}, softmax, 65, 32, 0, 0},
      {{20, 256, 2}, softmax, 40, 8, 0, 0},
      {{10, 8, 8, 8, 5}, softmax, 200, 64, 0, 0},
      {{10, 16, 5}, softmax, 122, 64, 0, 0},
      {{20, 32, 32, 32, 1}, sigmoid, 300, 0, 0, 0},
      {{20, 48, 48, 48, 1}, sigmoid, 150, 0, 0, 0.1f},
      {{20, 64, 32, 5}, softmax, 260, 0, 0, 0},
      {{20, 33, 17, 2}, softmax, 45, 7, 0, 0},
      {{3, 5, 4, 3}, softmax, 31, 10, 0, 0},
      {{1, 4, 2}, softmax, 9, 1, 0, 0},
      {{20, 40, 24, 9, 2}, softmax, 90, 32, 0.4f, 0},
      {{20, 96, 80, 72, 2}, softmax, 70, 12, 0, 0},
      {{20, 72, 80, 96, 2}, softmax, 50, 12, 0.3f, 0.02f},
      {{20, 256, 256, 1}, sigmoid, 66, 0, 0, 0},
      {{20, 32, 2}, softmax, 150, 150, 0.2f, 0.05f},
      {{17, 129, 2}, softmax, 20, 13, 0, 0},
  };
}

TrainingRun make_run(const Case& c) {
  auto data = std::make_shared<Dataset>();
  data->samples = c.samples;
  data->features = c.sizes.front();
  data->inputs.resize(static_cast<std::size_t>(c.samples * c.sizes.front()));
  data->labels.resize(static_cast<std::size_t>(c.samples));
  const arithmetic::Stream normals{7, 0, 0, arithmetic::Purpose::features, 0};
  const arithmetic::Stream labels{7, 0, 0, arithmetic::Purpose::labels, 0};
  arithmetic::fill_normal(normals, data->inputs.data(), data->inputs.size());
  const int classes = c.loss == Loss::sigmoid_cross_entropy ? 2 : c.sizes.back();
  arithmetic::fill_below(labels, static_cast<std::uint32_t>(classes), data->labels.data(),
                         data->labels.size());
  TrainingRun run;
  run.shape = {c.sizes, c.loss};
  run.train = data;
  run.samples = c.samples;
  run.batch = c.batch;
  run.learning_rate = 0.05f;
  run.dropout = c.dropout;
  run.weight_decay = c.weight_decay;
  run.seed = 1234567890123456789ull;
  run.trial = 2;
  run.network = 5;
  run.steps = 2 * run.steps_per_epoch() + 1;
  Probe probe{data, c.samples, {}, true, true};
  for (int l = 1; l < run.shape.layers(); ++l) probe.hidden_layers.push_back(l);
  run.probes = {probe, {data, (c.samples + 1) / 2, {1}, false, true}, {data, 1, {}, true, false}};
  return run;
}

void append(std::vector<std::uint32_t>& bits, std::span<const float> values) {
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
}

/// All bits of a trained network and its probes.
std::vector<std::uint32_t> train_and_evaluate(const Backend& backend, const TrainingRun& run,
                                              std::uint64_t pause_every) {
  const auto executor = backend.make_executor();
  RunState state;
  initial_parameters(run, state.parameters);
  const std::atomic<bool> pause{pause_every == 1};
  std::atomic<std::uint64_t> progress{0};
  while (state.step < run.steps) {
    const std::uint64_t until =
        pause_every ? std::min(run.steps, state.step + pause_every) : run.steps;
    executor->train(run, state, until, pause, progress);
  }
  EXPECT_EQ(progress.load(), run.steps);
  Snapshot snapshot;
  executor->evaluate(run, state, snapshot);
  EXPECT_FALSE(snapshot.diverged);
  std::vector<std::uint32_t> bits;
  append(bits, state.parameters);
  for (const ProbeValues& values : snapshot.probes) {
    append(bits, values.outputs);
    for (const auto& activations : values.activations) append(bits, activations);
    append(bits, values.input_gradients);
    append(bits, values.first_layer_gradient);
  }
  return bits;
}

class BackendEquality : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    const std::string reason = GetParam()->unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "SKIPPED " << GetParam()->name() << ": " << reason;
  }
};

TEST_P(BackendEquality, TrainingAndProbes) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = train_and_evaluate(reference_backend(), run, 0);
    EXPECT_TRUE(expected == train_and_evaluate(*GetParam(), run, 0));
  }
}

TEST_P(BackendEquality, PausedAtEveryStep) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = train_and_evaluate(*GetParam(), run, 0);
    EXPECT_TRUE(expected == train_and_evaluate(*GetParam(), run, 1));
  }
}

TEST_P(BackendEquality, HandedOverToTheReferenceHalfWay) {
  const TrainingRun run = make_run(cases().front());
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

TEST_P(BackendEquality, DivergenceIsSeen) {
  TrainingRun run = make_run(cases().front());
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
