// links: axiom_experiments
// Statistics, fits and scores of classifiers against values computed by hand.

#include "client/experiments/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "client/arithmetic/cross_entropy.h"
#include "client/experiments/classification.h"
#include "client/experiments/mixture_bayes.h"
#include "client/experiments/scaling_laws.h"

namespace axiom {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Statistics, KnownValues) {
  const std::vector<double> values = {2, nan, 4, 9};
  EXPECT_EQ(mean(values), 5);
  EXPECT_DOUBLE_EQ(sample_sd(values), std::sqrt(13.0));
  EXPECT_DOUBLE_EQ(population_sd(values), std::sqrt(26.0 / 3));
  EXPECT_DOUBLE_EQ(t_statistic(values), 5 / (std::sqrt(13.0) / std::sqrt(3.0)));
  const std::vector<double> single = {nan, 3};
  EXPECT_EQ(mean(single), 3);
  EXPECT_TRUE(std::isnan(sample_sd(single)));
  EXPECT_EQ(population_sd(single), 0);
  EXPECT_TRUE(std::isnan(mean(std::vector<double>{nan})));
  EXPECT_TRUE(std::isnan(t_statistic(std::vector<double>{1, 1})));
}

TEST(Statistics, Monotone) {
  EXPECT_EQ(strictly_rising(std::vector<double>{1, nan, 2, 3}), 1);
  EXPECT_EQ(strictly_rising(std::vector<double>{1, 2, 2}), 0);
  EXPECT_EQ(strictly_falling(std::vector<double>{3, 2, 1}), 1);
  EXPECT_EQ(strictly_falling(std::vector<double>{3, 1, 2}), 0);
  EXPECT_TRUE(std::isnan(strictly_rising(std::vector<double>{1, nan})));
}

TEST(Statistics, LinearFitFindsAnExactLine) {
  const std::vector<double> x = {1, 2, nan, 4};
  const std::vector<double> y = {5, 3, 100, -1};
  const LinearFit fit = linear_fit(x, y);
  EXPECT_DOUBLE_EQ(fit.slope, -2);
  EXPECT_DOUBLE_EQ(fit.intercept, 7);
  EXPECT_DOUBLE_EQ(fit.r_squared, 1);
}

TEST(Statistics, LinearFitByHand) {
  const LinearFit fit = linear_fit(std::vector<double>{0, 1, 2}, std::vector<double>{0, 2, 1});
  EXPECT_DOUBLE_EQ(fit.slope, .5);
  EXPECT_DOUBLE_EQ(fit.intercept, .5);
  EXPECT_DOUBLE_EQ(fit.r_squared, .25);
  const std::vector<double> same = {1, 1};
  EXPECT_TRUE(std::isnan(linear_fit(same, std::vector<double>{1, 2}).slope));
  const LinearFit flat = linear_fit(std::vector<double>{1, 2}, same);
  EXPECT_EQ(flat.slope, 0);
  EXPECT_TRUE(std::isnan(flat.r_squared));
}

TEST(Classification, SoftmaxByHand) {
  const std::vector<float> logits = {0, 0, 1, 1, 0, 1, 1000, 0, -1000};
  const std::vector<std::int32_t> labels = {2, 2, 0};
  const Predictions p{logits, labels, 3, 3, Loss::softmax_cross_entropy};
  EXPECT_DOUBLE_EQ(accuracy(p), 2.0 / 3);  // the first of two largest logits counts
  const double expected = std::log(1 + 2 / M_E) + std::log(2 + 1 / M_E) + 0;
  EXPECT_NEAR(cross_entropy(p), expected / 3, 1e-15);
}

TEST(Classification, SigmoidByHand) {
  const std::vector<float> logits = {0, 2, -3, 500};
  const std::vector<std::int32_t> labels = {0, 1, 1, 0};
  const Predictions p{logits, labels, 4, 1, Loss::sigmoid_cross_entropy};
  EXPECT_DOUBLE_EQ(accuracy(p), .5);  // z > 0 is class 1
  const double expected =
      std::log(2.0) + std::log1p(std::exp(-2.0)) + std::log1p(std::exp(3.0)) + 500;
  EXPECT_NEAR(cross_entropy(p), expected / 4, 1e-13);
}

TEST(ScalingLaws, PowerLawIsRecovered) {
  const std::vector<double> sizes = {10, 100, 1000};
  const std::vector<double> losses = {1, .1, .01};
  const LinearFit fit = power_law(sizes, losses);
  EXPECT_NEAR(fit.slope, -1, 1e-14);
  EXPECT_NEAR(std::exp(fit.intercept), 10, 1e-12);
  const LinearFit floored = power_law(sizes, std::vector<double>{1e-10, 0, 1e-12});
  EXPECT_NEAR(floored.slope, 0, 1e-14);
  EXPECT_EQ(scaling_holds(std::vector<double>{-1, -.5}, std::vector<double>{.9, .8}), 1);
  EXPECT_EQ(scaling_holds(std::vector<double>{-1, -.5}, std::vector<double>{.8, .8}), 0);
  EXPECT_EQ(scaling_holds(std::vector<double>{1, -.5}, std::vector<double>{.9, .9}), 0);
  EXPECT_TRUE(std::isnan(scaling_holds(std::vector<double>{nan}, std::vector<double>{nan})));
}

TEST(Bayes, TwoCentresByHand) {
  // Centres ±1 in one dimension: the posterior of the right class is σ(2x·sign).
  const std::vector<float> centres = {-1, 1};
  const Dataset data{3, 1, {.5f, -2, .25f}, {1, 0, 0}};
  const BayesScore score = bayes_score(data, centres, 2);
  EXPECT_DOUBLE_EQ(score.accuracy, 2.0 / 3);
  const double expected =
      std::log1p(std::exp(-1.0)) + std::log1p(std::exp(-4.0)) + std::log1p(std::exp(.5));
  EXPECT_NEAR(score.loss, expected / 3, 1e-15);
}

/// On a device whose memory errs, a label may be any number.
TEST(Statistics, ALabelThatWentBadIsNoIndex) {
  const std::array<float, 3> logits = {1.0f, 2.0f, -1.0f};
  for (const std::int32_t label : {1 << 30, -(1 << 30), 3, -1}) {
    EXPECT_TRUE(std::isfinite(arithmetic::softmax_loss(logits.data(), 3, label))) << label;
    EXPECT_TRUE(std::isfinite(arithmetic::sigmoid_loss(0.5, label))) << label;
  }
}

}  // namespace
}  // namespace axiom
