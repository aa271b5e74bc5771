// links: axiom_experiments
// Measures of weights on matrices where their values are known.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "client/experiments/weight_measures.h"
#include "tests/support/plain_matrix_ops.h"
#include "tests/support/random_matrix.h"

namespace axiom {
namespace {

using test::plain_matrix_ops;
using test::random_matrix;

TEST(WeightMeasures, OneInputPerNeuron) {
  // Neuron n reads input n alone: 8 inputs in groups of 2, 8 neurons.
  std::vector<float> w(64, 0.0f);
  for (std::size_t i = 0; i < 8; ++i) w[i * 8 + i] = i % 2 == 0 ? 2.0f : -3.0f;
  const WeightMeasures m = weight_measures(w, 8, 8, 2, plain_matrix_ops);
  EXPECT_DOUBLE_EQ(m.selectivity, 1 - 1.0 / 8);
  EXPECT_DOUBLE_EQ(m.alignment, 1);
  EXPECT_EQ(m.redundancy, 0);
  EXPECT_EQ(m.redundancy_signed, 0);
}

TEST(WeightMeasures, EqualNeuronsAreRedundant) {
  // Four inputs in two groups, three neurons: w, −w, and a dead one.
  const std::vector<float> w = {1, -1, 0, 1, -1, 0, 1, -1, 0, 5, -5, 0};
  const WeightMeasures m = weight_measures(w, 4, 3, 2, plain_matrix_ops);
  EXPECT_DOUBLE_EQ(m.selectivity, 1 - (.25 + .25 + 0) / 3);
  EXPECT_DOUBLE_EQ(m.alignment, (.75 + .75 + 0) / 3);
  EXPECT_NEAR(m.redundancy, 1.0 / 3, 1e-15);
  EXPECT_NEAR(m.redundancy_signed, -1.0 / 3, 1e-15);
  EXPECT_NEAR(m.effective_dimensionality, 1, 1e-14);
}

TEST(WeightMeasures, ManyRandomNeuronsFillTheInputSpace) {
  const std::vector<float> w = random_matrix(5, 4000, 12);
  const WeightMeasures m = weight_measures(w, 5, 4000, 5, plain_matrix_ops);
  EXPECT_NEAR(m.effective_dimensionality, 5, .05);
  EXPECT_EQ(m.alignment, 1);
  EXPECT_NEAR(m.redundancy_signed, 0, .01);
}

TEST(WeightMeasures, ActivationSelectivityFindsTheCopiedInput) {
  const std::vector<float> x = random_matrix(300, 3, 13);
  std::vector<float> h(300 * 2);
  for (std::size_t i = 0; i < 300; ++i) {
    h[2 * i] = 5 - 2 * x[3 * i + 1];  // |corr| 1 with input 1
    h[2 * i + 1] = 7;                 // constant: 0
  }
  const ActivationSelectivity s = activation_selectivity(h, x, 300, 2, 3, plain_matrix_ops);
  EXPECT_NEAR(s.best, .5, 1e-6);
  EXPECT_GT(s.mean, 1.0 / 6 - 1e-9);
  EXPECT_LT(s.mean, 1.0 / 6 + .05);
}

}  // namespace
}  // namespace axiom
