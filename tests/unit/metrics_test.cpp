// links: axiom_experiments
// Metrics of matrices against closed forms and properties that they must have.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "client/arithmetic/tridiagonal_ql.h"
#include "client/experiments/cka.h"
#include "client/experiments/eigenvalues.h"
#include "client/experiments/spectrum.h"
#include "tests/support/plain_matrix_ops.h"
#include "tests/support/random_matrix.h"

namespace axiom {
namespace {

using test::plain_matrix_ops;
using test::random_matrix;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct TridiagonalCopy {
  std::vector<double> diagonal;
  std::vector<double> off_diagonal;
};

/// The columns of a turned in the plane of each neighbouring pair by 0.7.
std::vector<float> rotated(const std::vector<float>& a, int columns) {
  std::vector<float> b = a;
  for (std::size_t row = 0; row < a.size(); row += static_cast<std::size_t>(columns)) {
    for (std::size_t j = row; j + 1 < row + static_cast<std::size_t>(columns); ++j) {
      const double x = b[j];
      const double y = b[j + 1];
      b[j] = static_cast<float>(std::cos(.7) * x - std::sin(.7) * y);
      b[j + 1] = static_cast<float>(std::sin(.7) * x + std::cos(.7) * y);
    }
  }
  return b;
}

TEST(Eigenvalues, TridiagonalToeplitzHasAClosedForm) {
  for (const int n : {1, 2, 3, 10, 101}) {
    std::vector<double> diagonal(static_cast<std::size_t>(n), 2.0);
    std::vector<double> off_diagonal(static_cast<std::size_t>(n), -1.0);
    tridiagonal_eigenvalues(diagonal, off_diagonal);
    for (int k = 1; k <= n; ++k) {
      const double expected = 2 - 2 * std::cos(M_PI * (n + 1 - k) / (n + 1));
      EXPECT_NEAR(diagonal[static_cast<std::size_t>(k - 1)], expected, 1e-14) << n << " " << k;
    }
  }
}

TEST(Eigenvalues, ScaleAndBlocksDoNotMatter) {
  // diag(1e150, [[0, 1], [1, 0]]·1e150, 0): eigenvalues 1e150·{1, 1, −1, 0}.
  std::vector<double> diagonal = {1e150, 0, 0, 0};
  std::vector<double> off_diagonal = {7, 0, 1e150, 0};
  tridiagonal_eigenvalues(diagonal, off_diagonal);
  const double expected[] = {1, 1, 0, -1};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(diagonal[i] / 1e150, expected[i], 1e-15);
}

TEST(Eigenvalues, TraceAndNormAreKept) {
  constexpr int n = 60;
  const std::vector<float> source = random_matrix(n, n, 1);
  std::vector<double> a(n * n);
  double trace = 0;
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      a[i * n + j] = static_cast<double>(source[i * n + j]) + source[j * n + i];
      squares += a[i * n + j] * a[i * n + j];
    }
    trace += a[i * n + i];
  }
  const std::vector<double> values = symmetric_eigenvalues(a, n, plain_matrix_ops);
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), trace, 1e-10);
  EXPECT_NEAR(std::inner_product(values.begin(), values.end(), values.begin(), 0.0), squares, 1e-9);
  EXPECT_TRUE(std::is_sorted(values.rbegin(), values.rend()));
}

TEST(Eigenvalues, ZeroMatrixAndNonFiniteEntries) {
  std::vector<double> diagonal = {0, 0};
  std::vector<double> off_diagonal = {0, 0};
  tridiagonal_eigenvalues(diagonal, off_diagonal);
  EXPECT_EQ(diagonal, (std::vector<double>{0, 0}));
  diagonal[1] = nan;
  EXPECT_THROW(tridiagonal_eigenvalues(diagonal, off_diagonal), std::runtime_error);
}

/// Random, with a coupling of 0 after row `cut`, if there is one.
TridiagonalCopy random_tridiagonal(int n, int cut, unsigned seed) {
  const std::vector<float> entries = random_matrix(2, n, seed);
  const auto size = static_cast<std::ptrdiff_t>(n);
  TridiagonalCopy t{{entries.begin(), entries.begin() + size},
                    {entries.begin() + size, entries.end()}};
  if (cut + 1 < n) t.off_diagonal[static_cast<std::size_t>(cut) + 1] = 0;
  return t;
}

TEST(Eigenvalues, MatricesInTurnKeepTheirBits) {
  // Sizes that differ, 0 and 1, blocks, one that is diagonal and one of zeros.
  std::vector<TridiagonalCopy> matrices;
  unsigned seed = 20;
  for (const int n : {40, 40, 3, 97, 1, 64, 0, 5, 33, 33, 2, 31, 50}) {
    matrices.push_back(random_tridiagonal(n, n / 3, seed++));
  }
  std::fill(matrices[8].off_diagonal.begin(), matrices[8].off_diagonal.end(), 0.0);
  matrices[11].diagonal.assign(31, 0.0);
  matrices[11].off_diagonal.assign(31, 0.0);
  // The first shift is the last entry: a right angle.
  matrices[12].diagonal.assign(50, 0.0);
  matrices[12].diagonal.back() = -1.0;
  matrices[12].off_diagonal.assign(50, 1.0);
  std::vector<TridiagonalCopy> alone = matrices;
  std::vector<TridiagonalMatrix> together;
  for (TridiagonalCopy& t : matrices) together.push_back({t.diagonal, t.off_diagonal});
  tridiagonal_eigenvalues(together);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    // As a device does it: sweep after sweep.
    arithmetic::TridiagonalQl method{alone[i].diagonal.data(), alone[i].off_diagonal.data(),
                                     static_cast<int>(alone[i].diagonal.size())};
    ASSERT_TRUE(method.scale());
    while (method.advance()) ASSERT_LE(method.sweeps, method.sweep_limit());
    method.scale_back();
    std::sort(alone[i].diagonal.rbegin(), alone[i].diagonal.rend());
    EXPECT_EQ(matrices[i].diagonal, alone[i].diagonal) << i;
  }
}

TEST(Eigenvalues, OneThatFailsIsNamed) {
  TridiagonalCopy good = random_tridiagonal(7, 7, 40);
  TridiagonalCopy bad = random_tridiagonal(9, 9, 41);
  bad.off_diagonal[4] = std::numeric_limits<double>::infinity();
  const TridiagonalMatrix both[] = {{good.diagonal, good.off_diagonal},
                                    {bad.diagonal, bad.off_diagonal}};
  try {
    tridiagonal_eigenvalues(both);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "eigenvalues: a matrix of size 9 has an entry that is not finite");
  }
}

TEST(Spectrum, IdentityHasFullRank) {
  for (const int n : {1, 5, 40}) {
    const std::vector<double> ones(static_cast<std::size_t>(n), 1.0);
    const RankMeasures m = rank_measures(ones);
    EXPECT_NEAR(m.effective_rank, n, 1e-12 * n);
    EXPECT_EQ(m.stable_rank, n);
    EXPECT_EQ(m.participation_ratio, n);
    EXPECT_DOUBLE_EQ(m.top5_share, std::min(1.0, 5.0 / n));
  }
}

TEST(Spectrum, KnownSingularValues) {
  // Orthogonal columns of lengths 3 and 1.
  const std::vector<float> h = {3, 0, 0, 1, 0, 0};
  const std::vector<double> squared = squared_singular_values(h, 3, 2, plain_matrix_ops);
  ASSERT_EQ(squared.size(), 2u);
  EXPECT_NEAR(squared[0], 9, 1e-14);
  EXPECT_NEAR(squared[1], 1, 1e-14);
  const RankMeasures m = rank_measures(squared);
  EXPECT_NEAR(m.effective_rank, std::exp(-.75 * std::log(.75) - .25 * std::log(.25)), 1e-14);
  EXPECT_NEAR(m.stable_rank, 10.0 / 9, 1e-14);
  EXPECT_NEAR(m.participation_ratio, 100.0 / 82, 1e-14);
  EXPECT_NEAR(m.top1_share, .9, 1e-14);
  EXPECT_NEAR(m.top10_share, 1, 1e-14);
}

TEST(Spectrum, BothSidesAgree) {
  const std::vector<float> wide = random_matrix(12, 30, 3);
  std::vector<float> tall(wide.size());
  for (std::size_t i = 0; i < 12; ++i) {
    for (std::size_t j = 0; j < 30; ++j) tall[j * 12 + i] = wide[i * 30 + j];
  }
  EXPECT_EQ(squared_singular_values(wide, 12, 30, plain_matrix_ops),
            squared_singular_values(tall, 30, 12, plain_matrix_ops));
}

TEST(Spectrum, RankIsThatOfTheFactors) {
  // 3 independent columns, each five times.
  const std::vector<float> base = random_matrix(50, 3, 4);
  std::vector<float> h(50 * 15);
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = base[i / 15 * 3 + i % 3];
  const std::vector<double> squared = squared_singular_values(h, 50, 15, plain_matrix_ops);
  for (std::size_t i = 3; i < 15; ++i) EXPECT_LT(squared[i], 1e-12 * squared[0]);
  const RankMeasures m = rank_measures(squared);
  EXPECT_LE(m.participation_ratio, 3 + 1e-9);
  EXPECT_NEAR(m.effective_rank, 3, .2);
}

TEST(Spectrum, AllZeroGivesZeros) {
  const std::vector<float> h(20, 0.0f);
  const RankMeasures m = rank_measures(squared_singular_values(h, 5, 4, plain_matrix_ops));
  EXPECT_EQ(m.effective_rank, 0);
  EXPECT_EQ(m.stable_rank, 0);
  EXPECT_EQ(m.participation_ratio, 0);
  EXPECT_EQ(m.top10_share, 0);
}

std::vector<double> cka_of(const std::vector<const float*>& activations, int samples, int width) {
  std::vector<double> pairs(activations.size() * (activations.size() - 1) / 2);
  pairwise_cka(activations, samples, width, plain_matrix_ops, pairs);
  return pairs;
}

TEST(Cka, IsInvariantToRotationScaleAndShift) {
  for (const int width : {8, 40}) {  // feature space, sample space
    const std::vector<float> a = random_matrix(60, width, 5);
    const std::vector<float> b = rotated(a, width);
    std::vector<float> c = a;
    for (float& value : c) value = 4 * value + 2;
    const std::vector<double> pairs = cka_of({a.data(), b.data(), c.data()}, 60, width);
    for (const double value : pairs) EXPECT_NEAR(value, 1, 1e-6);
  }
}

TEST(Cka, LiesBetweenZeroAndOne) {
  for (const int width : {3, 60}) {
    const std::vector<float> a = random_matrix(50, width, 6);
    const std::vector<float> b = random_matrix(50, width, 7);
    const double cka = cka_of({a.data(), b.data()}, 50, width)[0];
    EXPECT_GT(cka, 0);
    EXPECT_LT(cka, 1);
    EXPECT_EQ(cka_of({b.data(), a.data()}, 50, width)[0], cka);
  }
}

TEST(Cka, InnerProductsAreSumsInIndexOrder) {
  constexpr std::size_t n = 21;
  constexpr int width = 23;  // sample space for any number of networks
  for (const std::size_t count : {1u, 2u, 3u, 4u, 5u, 8u, 9u}) {
    std::vector<std::vector<float>> networks;
    std::vector<std::vector<double>> kernels;
    for (unsigned network = 0; network < count; ++network) {
      const std::vector<float>& h = networks.emplace_back(random_matrix(n, width, 50 + network));
      test::plain_centred_kernel(h.data(), n, width, kernels.emplace_back(n * n).data());
    }
    const auto product = [&](std::size_t a, std::size_t b) {
      double diagonal = 0;
      double upper = 0;
      for (std::size_t i = 0; i < n; ++i) {
        diagonal += kernels[a][i * n + i] * kernels[b][i * n + i];
        for (std::size_t j = i + 1; j < n; ++j) {
          upper += kernels[a][i * n + j] * kernels[b][i * n + j];
        }
      }
      return diagonal + 2 * upper;
    };
    std::vector<double> expected;
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = a + 1; b < count; ++b) {
        const double norms = std::sqrt(product(a, a)) * std::sqrt(product(b, b));
        expected.push_back(product(a, b) / norms);
      }
    }
    std::vector<const float*> activations;
    for (const std::vector<float>& h : networks) activations.push_back(h.data());
    EXPECT_EQ(cka_of(activations, n, width), expected) << count;
  }
}

TEST(Cka, OrthogonalOrConstantGivesZero) {
  const std::vector<float> a = {1, -1, 1, -1};
  const std::vector<float> b = {1, 1, -1, -1};
  const std::vector<float> constant = {3, 3, 3, 3};
  EXPECT_EQ(cka_of({a.data(), b.data(), constant.data()}, 4, 1), (std::vector<double>{0, 0, 0}));
}

TEST(Cka, BothWaysAgree) {
  // Copies of a and b: three matrices stay in feature space, seven go to sample space.
  const std::vector<float> a = random_matrix(40, 10, 8);
  const std::vector<float> b = random_matrix(40, 10, 9);
  const double few = cka_of({a.data(), b.data(), b.data()}, 40, 10)[0];
  const std::vector<double> many =
      cka_of({a.data(), b.data(), b.data(), a.data(), a.data(), b.data(), b.data()}, 40, 10);
  EXPECT_NEAR(many[0], few, 1e-13);
  EXPECT_NEAR(many[5], few, 1e-13);
  EXPECT_NEAR(many[2], 1, 1e-13);
  EXPECT_NEAR(many[20], 1, 1e-13);
}

}  // namespace
}  // namespace axiom
