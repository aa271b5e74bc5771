// links: axiom_experiments
// Ridge regressions by hand and against their normal equations.

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "client/experiments/ridge.h"
#include "tests/support/plain_matrix_ops.h"
#include "tests/support/random_matrix.h"

namespace axiom {
namespace {

using test::plain_matrix_ops;
using test::random_matrix;

TEST(Ridge, SolvesByHand) {
  // [[4, 2], [2, 3]] x = [2, 5] → x = [−.5, 2].
  std::vector<double> a = {4, 2, 2, 3};
  std::vector<double> b = {2, 5, 4, 2};
  ASSERT_TRUE(solve_positive_definite(a, 2, b, 2, plain_matrix_ops));
  EXPECT_NEAR(b[0], -.5, 1e-15);
  EXPECT_NEAR(b[1], 2, 1e-15);
  EXPECT_NEAR(b[2], 1, 1e-15);
  EXPECT_NEAR(b[3], 0, 1e-15);
  std::vector<double> indefinite = {1, 2, 2, 1};
  EXPECT_FALSE(solve_positive_definite(indefinite, 2, b, 1, plain_matrix_ops));
}

TEST(Ridge, FitByHand) {
  // h = (1, −1, 2, −2), t = sign: Σh² = 10, λ = .01 + 1e-9; the bias is 0.
  const std::vector<float> h = {1, -1, 2, -2};
  const std::vector<double> targets = {1, -1, 1, -1};
  RidgeProbe probe(plain_matrix_ops);
  ASSERT_TRUE(probe.fit(h, 4, 1, targets, 1));
  EXPECT_NEAR(probe.coefficients(0)[0], 6 / (10 + .01 + 1e-9), 1e-15);
  EXPECT_NEAR(probe.coefficients(0)[1], 0, 1e-15);
  EXPECT_EQ(probe.accuracy(h, 4, targets, 0), 1);
  const std::vector<double> other = {1, 1, 1, 1};
  EXPECT_EQ(probe.accuracy(h, 4, other, 0), .5);
}

TEST(Ridge, SolvesItsNormalEquations) {
  constexpr std::size_t n = 40;
  constexpr std::size_t m = 6;
  const std::vector<float> h = random_matrix(n, m, 10);
  const std::vector<float> noise = random_matrix(n, 2, 11);
  std::vector<double> targets;
  for (const float value : noise) targets.push_back(value > 0 ? 1 : -1);
  RidgeProbe probe(plain_matrix_ops);
  ASSERT_TRUE(probe.fit(h, n, m, targets, 2));
  double trace = 0;
  for (const float value : h) trace += static_cast<double>(value) * value;
  const double lambda = 1e-3 * trace / m + 1e-9;
  const auto entry = [&](std::size_t i, std::size_t j) -> double {
    return j == m ? 1.0 : static_cast<double>(h[i * m + j]);
  };
  for (int target = 0; target < 2; ++target) {
    const auto v = probe.coefficients(target);
    for (std::size_t j = 0; j <= m; ++j) {  // Aᵀ(A v − t) + λ v = 0
      double residual = lambda * v[j];
      for (std::size_t i = 0; i < n; ++i) {
        double score = -targets[2 * i + static_cast<std::size_t>(target)];
        for (std::size_t k = 0; k <= m; ++k) score += entry(i, k) * v[k];
        residual += entry(i, j) * score;
      }
      EXPECT_NEAR(residual, 0, 1e-12);
    }
  }
}

TEST(Ridge, DeadLayerStillHasABias) {
  const std::vector<float> h(8, 0.0f);
  const std::vector<double> targets = {1, 1, 1, -1};
  RidgeProbe probe(plain_matrix_ops);
  ASSERT_TRUE(probe.fit(h, 4, 2, targets, 1));
  EXPECT_EQ(probe.accuracy(h, 4, targets, 0), .75);
}

}  // namespace
}  // namespace axiom
