// The float functions beside two references: binary64 libm, and MPFR where that is too close to
// call. Shared by functions_test and functions_exhaustive_test.
#pragma once

#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <numbers>
#include <sstream>
#include <string>

#include "client/arithmetic/functions.h"

namespace axiom::testing {

/// One function: itself over an array, in binary64 by libm, and to 120 bits by MPFR.
struct FloatFunction {
  const char* name;
  void (*evaluate)(const float* x, float* y, std::size_t count);
  double (*libm)(double x);
  void (*mpfr)(mpfr_t result, float x);
};

/// x less its nearest integer, exact.
inline double turn_of(double x) { return x - std::nearbyint(x); }
inline constexpr double largest_turns = 0x1p21;

inline double libm_sine(double u) {
  if (!(std::fabs(u) <= largest_turns)) return std::numeric_limits<double>::quiet_NaN();
  const double f = turn_of(u);
  const double folded = std::fabs(f) > 0.25 ? std::copysign(0.5, f) - f : f;
  return std::sin(2 * std::numbers::pi * folded);
}
inline double libm_cosine(double u) {
  if (!(std::fabs(u) <= largest_turns)) return std::numeric_limits<double>::quiet_NaN();
  const double f = std::fabs(turn_of(u));
  return f < 0.125 ? std::cos(2 * std::numbers::pi * f)
                   : std::sin(2 * std::numbers::pi * (0.25 - f));
}
inline double libm_sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}

template <int (*function)(mpfr_t, mpfr_srcptr, mpfr_rnd_t)>
void mpfr_unary(mpfr_t result, float x) {
  mpfr_set_flt(result, x, MPFR_RNDN);
  function(result, result, MPFR_RNDN);
}
inline void mpfr_logistic(mpfr_t result, float x) {
  mpfr_set_flt(result, -x, MPFR_RNDN);
  mpfr_exp(result, result, MPFR_RNDN);
  mpfr_add_ui(result, result, 1, MPFR_RNDN);
  mpfr_ui_div(result, 1, result, MPFR_RNDN);
}
template <int (*function)(mpfr_t, mpfr_srcptr, unsigned long, mpfr_rnd_t)>
void mpfr_turns(mpfr_t result, float x) {
  mpfr_set_flt(result, x, MPFR_RNDN);
  if (!(std::fabs(x) <= largest_turns)) mpfr_set_nan(result);
  function(result, result, 1, MPFR_RNDN);
}

// The compiler adds a version for newer processors and picks at load time: twice as fast.
#if defined(__x86_64__) && defined(__linux__)
#define AXIOM_TEST_CLONES [[gnu::target_clones("default", "avx2")]]
#else
#define AXIOM_TEST_CLONES
#endif

AXIOM_TEST_CLONES inline void evaluate_exp(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = arithmetic::exp(x[i]);
}
AXIOM_TEST_CLONES inline void evaluate_log(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = arithmetic::log(x[i]);
}
AXIOM_TEST_CLONES inline void evaluate_sigmoid(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = arithmetic::sigmoid(x[i]);
}
AXIOM_TEST_CLONES inline void evaluate_sine(const float* x, float* y, std::size_t count) {
  float cosine;
  for (std::size_t i = 0; i < count; ++i) arithmetic::sincos_turns(x[i], y[i], cosine);
}
AXIOM_TEST_CLONES inline void evaluate_cosine(const float* x, float* y, std::size_t count) {
  float sine;
  for (std::size_t i = 0; i < count; ++i) arithmetic::sincos_turns(x[i], sine, y[i]);
}

inline const FloatFunction float_functions[] = {
    {"exp", evaluate_exp, [](double x) { return std::exp(x); }, mpfr_unary<mpfr_exp>},
    {"log", evaluate_log, [](double x) { return std::log(x); }, mpfr_unary<mpfr_log>},
    {"sigmoid", evaluate_sigmoid, libm_sigmoid, mpfr_logistic},
    {"sine", evaluate_sine, libm_sine, mpfr_turns<mpfr_sinu>},
    {"cosine", evaluate_cosine, libm_cosine, mpfr_turns<mpfr_cosu>},
};

inline float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }
inline std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

/// Error of y in units of the last place that a binary32 near `reference` has. A finite overflow
/// counts as 2^128; a NaN or infinity that only one side has is an infinite error.
inline double error_in_ulp(float y, double reference) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (std::isnan(y) || std::isnan(reference)) {
    return std::isnan(y) && std::isnan(reference) ? 0.0 : infinite;
  }
  if (std::isinf(reference)) return static_cast<double>(y) == reference ? 0.0 : infinite;
  const double value = std::isinf(y) ? std::copysign(0x1p128, y) : static_cast<double>(y);
  const double target = std::clamp(reference, -0x1p128, 0x1p128);
  const auto field = static_cast<int>(std::bit_cast<std::uint64_t>(target) >> 52 & 0x7FF);
  const int last = std::min(std::max(field - 1023 - 23, -149), 104);
  const double per_ulp = std::bit_cast<double>(static_cast<std::uint64_t>(1023 - last) << 52);
  return std::fabs(value - target) * per_ulp;
}

/// The same with MPFR as the reference: its 120-bit value less y, in ulp.
class ExactError {
 public:
  ExactError() {
    mpfr_init2(value_, 120);
    mpfr_init2(difference_, 120);
  }
  ~ExactError() {
    mpfr_clear(value_);
    mpfr_clear(difference_);
  }
  ExactError(const ExactError&) = delete;
  ExactError& operator=(const ExactError&) = delete;

  double operator()(const FloatFunction& function, float x, float y) {
    function.mpfr(value_, x);
    const double reference = mpfr_get_d(value_, MPFR_RNDN);
    if (!std::isfinite(y) || !std::isfinite(reference) || std::fabs(reference) >= 0x1p128) {
      return error_in_ulp(y, reference);
    }
    mpfr_sub_d(difference_, value_, static_cast<double>(y), MPFR_RNDN);
    const int exponent = mpfr_zero_p(value_) != 0 ? -149 : static_cast<int>(mpfr_get_exp(value_));
    mpfr_mul_2si(difference_, difference_, -std::max(exponent - 24, -149), MPFR_RNDN);
    return std::fabs(mpfr_get_d(difference_, MPFR_RNDN));
  }

 private:
  mpfr_t value_;
  mpfr_t difference_;
};

/// The documented maximal error of a function, as written in tests/golden/functions.txt.
inline std::string bound_text(const std::string& name) {
  std::ifstream file(AXIOM_GOLDEN "/functions.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, function, ulp;
    if (words >> key >> function >> ulp && key == "bound" && function == name) return ulp;
  }
  ADD_FAILURE() << "no line 'bound " << name << " ULP' in " AXIOM_GOLDEN "/functions.txt";
  return "0";
}

}  // namespace axiom::testing
