// links: axiom_cpu axiom_plan axiom_wide_backend
// The metrics' matrix kernels of every backend against the reference, bit for bit. Backends that
// this host cannot run are reported as SKIPPED; the AVX-512 tile shapes always run, on plain lanes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "client/arithmetic/streams.h"
#include "client/plan/backend.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/features.h"
#include "cpu/reference/reference_backend.h"
#include "cpu/vector_backend.h"
#include "tests/support/wide_backend.h"

namespace axiom {
namespace {

const Backend& wide_backend() {
  static const cpu::VectorBackend backend(
      "wide", test::wide_kernels(), cpu::always<cpu::zero_skipping_avx2>, cpu::avx2_unavailable);
  return backend;
}

class MatrixEquality : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    const std::string reason = GetParam()->unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "SKIPPED " << GetParam()->name() << ": " << reason;
  }
};

std::vector<float> random_floats(int rows, int columns, std::uint32_t trial) {
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  const arithmetic::Stream stream{9, trial, 0, arithmetic::Purpose::features, 0};
  arithmetic::fill_normal(stream, values.data(), values.size());
  return values;
}

std::vector<double> random_matrix(int rows, int columns, std::uint32_t trial) {
  // Double precision in full, so that every rounding matters.
  std::vector<double> out;
  for (const float value : random_floats(rows, columns, trial)) {
    out.push_back(static_cast<double>(value) / 3.0);
  }
  return out;
}

/// NaNs are equal: their payloads reach no result.
bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::memcmp(&a[i], &b[i], sizeof(double)) != 0) return false;
  }
  return true;
}

TEST_P(MatrixEquality, MatrixProducts) {
  const MatrixOps& expected = reference_backend().matrix_ops();
  const MatrixOps& actual = GetParam()->matrix_ops();
  for (const int rows : {1, 7, 100, 128, 300}) {
    for (const int m : {1, 3, 8, 12, 17, 20, 33, 64}) {
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

/// Gram matrices of n columns, and what a reduction may find difficult.
std::vector<std::vector<double>> symmetric_matrices(int n) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> gram(size * size);
  const auto a = random_matrix(n + 3, n, 3);
  reference_backend().matrix_ops().gram(a.data(), gram.data(), n + 3, n);
  const auto with = [&](auto change) {
    std::vector<double> changed = gram;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) change(i, j, changed[i * size + j]);
    }
    return changed;
  };
  const std::size_t middle = size / 2;
  return {gram, with([](auto, auto, double& entry) { entry = 0.0; }),
          with([](auto, auto, double& entry) { entry = -0.0; }),
          with([](auto i, auto j, double& entry) { entry = i == j ? entry : 0.0; }),
          // Columns of zeros: dead units.
          with([](auto i, auto j, double& entry) {
            if (i % 5 == 3 || j % 5 == 3) entry = 0.0;
          }),
          // Two blocks, then one that is tridiagonal already.
          with([=](auto i, auto j, double& entry) {
            if ((i < middle) != (j < middle)) entry = -0.0;
          }),
          with([](auto i, auto j, double& entry) { entry = i + 1 < j || j + 1 < i ? 0.0 : entry; }),
          with([=](auto i, auto j, double& entry) {
            if (i == middle && j == middle) entry = std::numeric_limits<double>::quiet_NaN();
          }),
          with([=](auto i, auto j, double& entry) {
            if (i == middle || j == middle) entry = std::numeric_limits<double>::infinity();
          })};
}

TEST_P(MatrixEquality, Tridiagonalization) {
  for (const int n : {1, 2, 3, 4, 5, 8, 11, 12, 13, 16, 17, 20, 23, 24, 25, 32, 33, 37, 64, 100}) {
    int kind = 0;
    for (const std::vector<double>& matrix : symmetric_matrices(n)) {
      const auto size = static_cast<std::size_t>(n);
      std::vector<double> diagonal[2] = {std::vector<double>(size), std::vector<double>(size)};
      std::vector<double> off[2] = {std::vector<double>(size), std::vector<double>(size)};
      reference_backend().matrix_ops().tridiagonalize(matrix.data(), n, diagonal[0].data(),
                                                      off[0].data());
      GetParam()->matrix_ops().tridiagonalize(matrix.data(), n, diagonal[1].data(), off[1].data());
      EXPECT_TRUE(same_bits(diagonal[0], diagonal[1])) << n << ", kind " << kind;
      EXPECT_TRUE(same_bits(off[0], off[1])) << n << ", kind " << kind;
      ++kind;
    }
  }
}

TEST_P(MatrixEquality, OfActivations) {
  const MatrixOps& expected = reference_backend().matrix_ops();
  const MatrixOps& actual = GetParam()->matrix_ops();
  for (const int samples : {1, 7, 12, 16, 20, 40, 131}) {
    for (const int units : {1, 3, 8, 12, 17, 33, 141}) {
      SCOPED_TRACE(testing::Message() << samples << " x " << units);
      const auto h = random_floats(samples, units, 5);
      const auto size = static_cast<std::size_t>(units);
      std::vector<double> diagonal[2] = {std::vector<double>(size), std::vector<double>(size)};
      std::vector<double> off[2] = {std::vector<double>(size), std::vector<double>(size)};
      expected.reduced_gram(h.data(), samples, units, diagonal[0].data(), off[0].data());
      actual.reduced_gram(h.data(), samples, units, diagonal[1].data(), off[1].data());
      EXPECT_TRUE(same_bits(diagonal[0], diagonal[1]));
      EXPECT_TRUE(same_bits(off[0], off[1]));
      const auto n = static_cast<std::size_t>(samples);
      std::vector<double> kernels[2] = {std::vector<double>(n * n), std::vector<double>(n * n)};
      expected.centred_kernel(h.data(), samples, units, kernels[0].data());
      actual.centred_kernel(h.data(), samples, units, kernels[1].data());
      for (std::vector<double>& kernel : kernels) {  // below the diagonal lies nothing that counts
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < i; ++j) kernel[i * n + j] = 0;
        }
      }
      EXPECT_TRUE(same_bits(kernels[0], kernels[1]));
    }
  }
}

/// Zeros may be skipped (cpu/sparse_gram.inl): more or less of them, dead units, whole and cut
/// words of 64 samples, cut panels, zeros with a sign, values that vanish in float, numbers that
/// are none.
TEST_P(MatrixEquality, GramOfActivationsWithZeros) {
  const MatrixOps& expected = reference_backend().matrix_ops();
  const MatrixOps& actual = GetParam()->matrix_ops();
  enum Kind {
    off_by_half,
    few_zeros,
    nearly_all_zeros,
    dead_units,
    signed_zeros,
    tiny,
    infinite,
    nan
  };
  for (const int samples : {1, 63, 64, 65, 200}) {
    for (const int units : {31, 32, 33, 64, 75, 100, 129}) {
      for (const Kind kind : {off_by_half, few_zeros, nearly_all_zeros, dead_units, signed_zeros,
                              tiny, infinite, nan}) {
        SCOPED_TRACE(testing::Message() << samples << " x " << units << ", kind " << kind);
        auto h = random_floats(samples, units, 6);
        const auto width = static_cast<std::size_t>(units);
        for (std::size_t i = 0; i < h.size(); ++i) {
          const float least = kind == few_zeros ? -1.0f : kind == nearly_all_zeros ? 2.0f : 0.0f;
          if (h[i] < least) h[i] = kind == signed_zeros && i % 3 == 0 ? -0.0f : 0.0f;
          if (kind == dead_units && i % width % 5 < 3) h[i] = 0.0f;
          if (kind == tiny)
            h[i] *= std::ldexp(i % 2 == 0 ? -1.0f : 1.0f, -120 - static_cast<int>(i % 30));
        }
        if (kind == infinite) h[h.size() / 2] = std::numeric_limits<float>::infinity();
        if (kind == nan) h[h.size() / 3] = std::numeric_limits<float>::quiet_NaN();
        std::vector<double> c[2] = {std::vector<double>(width * width, 7.0),
                                    std::vector<double>(width * width, 8.0)};
        expected.gram_of_activations(h.data(), c[0].data(), samples, units);
        actual.gram_of_activations(h.data(), c[1].data(), samples, units);
        EXPECT_TRUE(same_bits(c[0], c[1]));
      }
    }
  }
}

TEST_P(MatrixEquality, CholeskyFactors) {
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

INSTANTIATE_TEST_SUITE_P(Backends, MatrixEquality,
                         testing::Values(&avx2_backend(), &avx512_backend(), &wide_backend()),
                         [](const auto& parameter) { return parameter.param->name(); });

}  // namespace
}  // namespace axiom
