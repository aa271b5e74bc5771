// links: axiom_arithmetic mpfr gmp
// grade: medium
// exp and log in binary64 against MPFR.
#include "client/arithmetic/functions64.h"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <numbers>
#include <random>

namespace axiom {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr int samples = 500'000;  // of each distribution of inputs

// Stated in functions64.h and docs/ARITHMETIC.md.
constexpr double exp_bound = 0.90;
constexpr double log_bound = 0.95;

/// Largest error in ulp seen so far, with MPFR's 100 bits as the truth.
class WorstError {
 public:
  using Exact = int (*)(mpfr_t, mpfr_srcptr, mpfr_rnd_t);
  explicit WorstError(Exact exact) : exact_(exact) { mpfr_init2(value_, 100); }
  ~WorstError() { mpfr_clear(value_); }
  WorstError(const WorstError&) = delete;
  WorstError& operator=(const WorstError&) = delete;

  void measure(double x, double y) {
    mpfr_set_d(value_, x, MPFR_RNDN);
    exact_(value_, value_, MPFR_RNDN);
    const double nearest = mpfr_get_d(value_, MPFR_RNDN);
    if (!std::isfinite(nearest) || !std::isfinite(y)) {
      const double largest = std::numeric_limits<double>::max();
      // Overflow may begin one ulp early or late.
      const bool equal = y == nearest || (std::isnan(y) && std::isnan(nearest)) ||
                         (y == infinity && nearest == largest) ||
                         (y == largest && nearest == infinity);
      EXPECT_TRUE(equal) << std::hexfloat << x << " gives " << y << " instead of " << nearest;
      return;
    }
    const int exponent = mpfr_zero_p(value_) != 0 ? -1074 : static_cast<int>(mpfr_get_exp(value_));
    mpfr_sub_d(value_, value_, y, MPFR_RNDN);
    mpfr_mul_2si(value_, value_, -std::max(exponent - 53, -1074), MPFR_RNDN);
    const double error = std::fabs(mpfr_get_d(value_, MPFR_RNDN));
    if (error > error_) {
      error_ = error;
      input_ = x;
    }
  }
  double error() const { return error_; }
  double input() const { return input_; }

 private:
  Exact exact_;
  mpfr_t value_;
  double error_ = 0;
  double input_ = 0;
};

TEST(Functions64, ExpIsAccurate) {
  std::mt19937_64 random(1);
  WorstError worst(mpfr_exp);
  const auto check = [&](double x) { worst.measure(x, arithmetic::exp(x)); };
  std::uniform_real_distribution<double> whole(-745.2, 709.8);
  std::uniform_real_distribution<double> small(-1, 1);
  for (int i = 0; i < samples; ++i) {
    check(whole(random));
    check(small(random));
  }
  for (int n = -1075; n <= 1024; ++n) {  // where the reduction is at its limit
    const double border = (n + 0.5) * std::numbers::ln2;
    for (const double x :
         {std::nextafter(border, -infinity), border, std::nextafter(border, infinity)}) {
      check(x);
    }
  }
  for (int e = -1074; e < 10; ++e) {
    check(std::ldexp(1.0, e));
    check(-std::ldexp(1.0, e));
  }
  for (const double border : {709.782712893384, -708.3964185322641, -745.1332191019411}) {
    double x = border;
    for (int i = 0; i < 20; ++i) x = std::nextafter(x, -infinity);
    for (int i = 0; i < 40; ++i, x = std::nextafter(x, infinity)) check(x);
  }
  std::printf("exp: %.4f ulp at %a\n", worst.error(), worst.input());
  EXPECT_LE(worst.error(), exp_bound);
  EXPECT_GT(worst.error(), 0.5);
}

TEST(Functions64, LogIsAccurate) {
  std::mt19937_64 random(2);
  WorstError worst(mpfr_log);
  const auto check = [&](double x) { worst.measure(x, arithmetic::log(x)); };
  std::uniform_int_distribution<std::uint64_t> patterns(1, 0x7FEFFFFFFFFFFFFF);
  std::uniform_real_distribution<double> near_one(0.4, 2.2);
  for (int i = 0; i < samples; ++i) {
    check(std::bit_cast<double>(patterns(random)));
    check(near_one(random));
  }
  for (int e = -1074; e < 1024; ++e) {
    for (const double m : {1.0, 4.0 / 3.0}) {
      const double x = std::ldexp(m, e);
      check(x);
      check(std::nextafter(x, 0.0));
      check(std::nextafter(x, infinity));
    }
  }
  for (double d = 0x1p-52; d < 0.3; d *= 1.01) {
    check(1 + d);
    check(1 - d);
  }
  check(std::numeric_limits<double>::max());
  std::printf("log: %.4f ulp at %a\n", worst.error(), worst.input());
  EXPECT_LE(worst.error(), log_bound);
  EXPECT_GT(worst.error(), 0.5);
}

TEST(Functions64, SpecialValues) {
  EXPECT_EQ(arithmetic::exp(0.0), 1.0);
  EXPECT_EQ(arithmetic::exp(-0.0), 1.0);
  EXPECT_EQ(arithmetic::exp(infinity), infinity);
  EXPECT_EQ(arithmetic::exp(1e300), infinity);
  EXPECT_EQ(arithmetic::exp(-infinity), 0.0);
  EXPECT_EQ(arithmetic::exp(-1e300), 0.0);
  EXPECT_TRUE(std::isnan(arithmetic::exp(nan_value)));
  EXPECT_EQ(arithmetic::exp(-745.0), 0x1p-1074);

  EXPECT_EQ(std::bit_cast<std::uint64_t>(arithmetic::log(1.0)), 0u);
  EXPECT_EQ(arithmetic::log(0.0), -infinity);
  EXPECT_EQ(arithmetic::log(-0.0), -infinity);
  EXPECT_EQ(arithmetic::log(infinity), infinity);
  EXPECT_TRUE(std::isnan(arithmetic::log(-1.0)));
  EXPECT_TRUE(std::isnan(arithmetic::log(-infinity)));
  EXPECT_TRUE(std::isnan(arithmetic::log(nan_value)));
}

}  // namespace
}  // namespace axiom
