// links: axiom_arithmetic mpfr gmp
// grade: medium
// The software fma against the processor's instruction (skipped aloud where there is none) and
// against MPFR (always).
#include "client/arithmetic/software_fma.h"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace axiom::arithmetic {
namespace {

constexpr std::size_t batch = 4096;

#if defined(__x86_64__)
bool hardware_has_fma() { return __builtin_cpu_supports("fma") != 0; }
[[gnu::target("fma")]] void hardware_fma(const float* a, const float* b, const float* c, float* out,
                                         std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = __builtin_fmaf(a[i], b[i], c[i]);
}
[[gnu::target("fma")]] void hardware_fma(const double* a, const double* b, const double* c,
                                         double* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = __builtin_fma(a[i], b[i], c[i]);
}
#else
bool hardware_has_fma() { return false; }
template <class T>
void hardware_fma(const T*, const T*, const T*, T*, std::size_t) {}
#endif

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Equal bits, or both NaN (payloads are not part of the arithmetic).
template <class T>
bool same(T x, T y) {
  return (std::isnan(x) && std::isnan(y)) ||
         std::bit_cast<BitsOf<T>>(x) == std::bit_cast<BitsOf<T>>(y);
}

/// splitmix64: a full-period 64-bit sequence.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  int between(int low, int high) {
    return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

template <class T>
struct Format {
  static constexpr int digits = std::numeric_limits<T>::digits;
  static constexpr int min_exponent = std::numeric_limits<T>::min_exponent;
  static constexpr int max_exponent = std::numeric_limits<T>::max_exponent;
};

/// A number of the wanted exponent. Its significand is random, or nearly 1 or nearly 2, or has few
/// bits set: sums of such numbers are often exact, or halfway between two neighbours.
template <class T>
T random_number(Random& random, int exponent) {
  constexpr int fraction_bits = Format<T>::digits - 1;
  constexpr std::uint64_t mask = (std::uint64_t{1} << fraction_bits) - 1;
  constexpr auto one = std::bit_cast<BitsOf<T>>(T{1});
  const std::uint64_t draw = random.next();
  std::uint64_t fraction = draw & mask;
  switch (draw >> 61) {
    case 0:
      fraction &= 7;
      break;
    case 1:
      fraction = mask - (fraction & 7);
      break;
    case 2:
      fraction = std::uint64_t{1} << (fraction % fraction_bits);
      break;
    case 3:
      fraction &= ~std::uint64_t{0} << (fraction_bits / 2);
      break;
    default:
      break;
  }
  const auto sign = static_cast<BitsOf<T>>(draw >> 60 & 1) << (sizeof(T) * 8 - 1);
  const T significand = std::bit_cast<T>(static_cast<BitsOf<T>>(one | fraction) | sign);
  const int field = exponent + Format<T>::max_exponent - 1;
  if (field < 1 || field > 2 * Format<T>::max_exponent - 2)
    return std::ldexp(significand, exponent);
  return significand * std::bit_cast<T>(static_cast<BitsOf<T>>(field) << fraction_bits);
}

/// Fills one batch: raw bit patterns, or an addend near the product in magnitude, or near its
/// negative (cancellation), or everything near the underflow or overflow threshold.
template <class T>
void fill_random(Random& random, std::vector<T>& a, std::vector<T>& b, std::vector<T>& c) {
  constexpr int digits = Format<T>::digits;
  for (std::size_t i = 0; i < batch; ++i) {
    const auto kind = i % 8;
    if (kind < 2) {
      a[i] = std::bit_cast<T>(static_cast<BitsOf<T>>(random.next()));
      b[i] = std::bit_cast<T>(static_cast<BitsOf<T>>(random.next()));
      c[i] = std::bit_cast<T>(static_cast<BitsOf<T>>(random.next()));
      continue;
    }
    int product = random.between(-20, 20);
    if (kind == 3)
      product =
          random.between(Format<T>::min_exponent - 2 * digits, Format<T>::min_exponent + digits);
    if (kind == 4) product = Format<T>::max_exponent - random.between(-1, 3);
    const int first =
        kind == 3 ? product / 2 - random.between(0, digits) : product / 2 + random.between(-9, 9);
    a[i] = random_number<T>(random, first);
    b[i] = random_number<T>(random, product - first);
    if (kind < 6) {
      c[i] = random_number<T>(random, product + random.between(-2 * digits - 2, 2 * digits + 2));
    } else {
      c[i] = -(a[i] * b[i]);
      const auto nudge = static_cast<BitsOf<T>>(random.between(-2, 2));
      if (kind == 7) c[i] = std::bit_cast<T>(std::bit_cast<BitsOf<T>>(c[i]) + nudge);
    }
  }
}

/// Numbers at the corners of the format, with both signs.
template <class T>
std::vector<T> corners() {
  using Limits = std::numeric_limits<T>;
  const T epsilon = Limits::epsilon();
  std::vector<T> values = {T{0},
                           Limits::denorm_min(),
                           2 * Limits::denorm_min(),
                           3 * Limits::denorm_min(),
                           Limits::min() - Limits::denorm_min(),
                           Limits::min(),
                           Limits::min() + Limits::denorm_min(),
                           Limits::min() / 2,
                           epsilon,
                           epsilon / 2,
                           epsilon / 4,
                           T{0.5},
                           1 - epsilon / 2,
                           T{1},
                           1 + epsilon,
                           T{1.5},
                           2 - epsilon,
                           T{2},
                           T{3},
                           1 / epsilon,
                           2 / epsilon,
                           2 / epsilon + 2,
                           Limits::max() / 2,
                           Limits::max(),
                           std::ldexp(T{1}, Limits::max_exponent - 1),
                           std::ldexp(T{1}, Limits::max_exponent / 2),
                           std::ldexp(T{1}, Limits::min_exponent / 2),
                           std::ldexp(1 + epsilon, Limits::min_exponent / 2 - Limits::digits / 2),
                           std::sqrt(Limits::max()),
                           std::sqrt(Limits::min()),
                           Limits::infinity(),
                           Limits::quiet_NaN()};
  const std::size_t positive = values.size();
  for (std::size_t i = 0; i < positive; ++i) values.push_back(-values[i]);
  return values;
}

/// a·b + c rounded by MPFR to the format of T, subnormals included.
template <class T>
T mpfr_reference(T a, T b, T c) {
  const mpfr_exp_t old_min = mpfr_get_emin();
  const mpfr_exp_t old_max = mpfr_get_emax();
  mpfr_t x, y, z;
  for (auto* v : {&x, &y, &z}) mpfr_init2(*v, Format<T>::digits);
  mpfr_set_d(x, static_cast<double>(a), MPFR_RNDN);
  mpfr_set_d(y, static_cast<double>(b), MPFR_RNDN);
  mpfr_set_d(z, static_cast<double>(c), MPFR_RNDN);
  mpfr_set_emin(Format<T>::min_exponent - Format<T>::digits + 1);
  mpfr_set_emax(Format<T>::max_exponent);
  const int inexact = mpfr_fma(z, x, y, z, MPFR_RNDN);
  mpfr_subnormalize(z, inexact, MPFR_RNDN);
  const auto result = static_cast<T>(mpfr_get_d(z, MPFR_RNDN));
  mpfr_set_emin(old_min);
  mpfr_set_emax(old_max);
  for (auto* v : {&x, &y, &z}) mpfr_clear(*v);
  return result;
}

template <class T>
class SoftwareFma : public ::testing::Test {};
using Formats = ::testing::Types<float, double>;

struct FormatNames {
  template <class T>
  static std::string GetName(int) {
    return sizeof(T) == 4 ? "binary32" : "binary64";
  }
};
TYPED_TEST_SUITE(SoftwareFma, Formats, FormatNames);

TYPED_TEST(SoftwareFma, EqualsTheInstructionOnRandomNumbers) {
  using T = TypeParam;
  if (!hardware_has_fma()) GTEST_SKIP() << "SKIPPED: this processor has no FMA to compare with";
  const std::size_t wanted = sizeof(T) == 4 ? 100'000'000 : 10'000'000;
  Random random(2024);
  std::vector<T> a(batch), b(batch), c(batch), software(batch), hardware(batch);
  for (std::size_t done = 0; done < wanted; done += batch) {
    fill_random(random, a, b, c);
    for (std::size_t i = 0; i < batch; ++i) software[i] = software_fma(a[i], b[i], c[i]);
    hardware_fma(a.data(), b.data(), c.data(), hardware.data(), batch);
    for (std::size_t i = 0; i < batch; ++i) {
      ASSERT_TRUE(same(software[i], hardware[i]))
          << std::hexfloat << a[i] << " * " << b[i] << " + " << c[i] << " gives " << software[i]
          << " instead of " << hardware[i];
    }
  }
}

TYPED_TEST(SoftwareFma, EqualsMpfrOnRandomNumbers) {
  using T = TypeParam;
  Random random(7);
  std::vector<T> a(batch), b(batch), c(batch);
  for (std::size_t done = 0; done < 500'000; done += batch) {
    fill_random(random, a, b, c);
    for (std::size_t i = 0; i < batch; ++i) {
      const T result = software_fma(a[i], b[i], c[i]);
      const T expected = mpfr_reference(a[i], b[i], c[i]);
      ASSERT_TRUE(same(result, expected)) << std::hexfloat << a[i] << " * " << b[i] << " + " << c[i]
                                          << " gives " << result << " instead of " << expected;
    }
  }
}

TYPED_TEST(SoftwareFma, EqualsMpfrOnAllCorners) {
  using T = TypeParam;
  const std::vector<T> values = corners<T>();
  for (const T a : values) {
    for (const T b : values) {
      for (const T c : values) {
        const T result = software_fma(a, b, c);
        const T expected = mpfr_reference(a, b, c);
        ASSERT_TRUE(same(result, expected)) << std::hexfloat << a << " * " << b << " + " << c
                                            << " gives " << result << " instead of " << expected;
        if (!hardware_has_fma()) continue;
        T hardware;
        hardware_fma(&a, &b, &c, &hardware, 1);
        ASSERT_TRUE(same(result, hardware)) << std::hexfloat << a << " * " << b << " + " << c;
      }
    }
  }
}

TYPED_TEST(SoftwareFma, SignsOfZero) {
  using T = TypeParam;
  const T tiny = std::numeric_limits<T>::denorm_min();
  EXPECT_TRUE(same(software_fma(T{2}, T{3}, T{-6}), T{0}));  // exact cancellation: +0
  EXPECT_TRUE(same(software_fma(T{-2}, T{3}, T{6}), T{0}));
  EXPECT_TRUE(same(software_fma(T{0}, T{-1}, T{-0.0}), T{-0.0}));
  EXPECT_TRUE(same(software_fma(T{0}, T{-1}, T{0}), T{0}));
  EXPECT_TRUE(same(software_fma(tiny, -tiny, T{0}), T{-0.0}));  // a negative number, underflown
  EXPECT_TRUE(same(software_fma(tiny, tiny, T{-0.0}), T{0}));
}

}  // namespace
}  // namespace axiom::arithmetic
