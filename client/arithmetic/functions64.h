// exp and log in binary64, for metrics on host and device. Plain operators, each rounded once
// (-ffp-contract=off, -fmad=false), no fused operation: equal bits everywhere, and equal speed on
// processors with and without FMA. Coefficients: scripts/fit_polynomials.py. The errors are bounds
// over a million inputs each, tested against MPFR.
#pragma once

#include <cstdint>

#include "client/arithmetic/platform.h"

namespace axiom::arithmetic {

namespace detail {

inline constexpr double infinity64 = __builtin_inf();
inline constexpr double quiet_nan64 = __builtin_nan("");
inline constexpr double least_normal64 = 0x1p-1022;
// 36 bits of ln 2, so that an integer of 11 bits times it is exact, and the rest.
inline constexpr double ln2_high64 = 0x1.62e42fefap-1;
inline constexpr double ln2_low64 = 0x1.cf79abc9e3b3ap-40;
// Adding 1.5·2^52 rounds to an integer, found in the low bits of the sum.
inline constexpr double round_magic64 = 0x1.8p52;

/// c + c1·x + c2·x² + … by Horner's scheme.
template <class... Rest>
AXIOM_INLINE double polynomial(double x, double c, Rest... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return c;
  } else {
    return polynomial(x, rest...) * x + c;
  }
}

/// 2^n. REQUIRES: −1022 ≤ n ≤ 1023.
AXIOM_INLINE double power_of_two(std::int64_t n) {
  return __builtin_bit_cast(double, static_cast<std::uint64_t>(n + 1023) << 52);
}

}  // namespace detail

/// e^x. Subnormal results are kept; overflow gives infinity; NaN gives NaN. Error: below 0.90 ulp.
AXIOM_INLINE double exp(double x) {
  if (!(x < 710.0)) return x + detail::infinity64;  // overflow; a NaN stays NaN
  if (x < -746.0) return 0.0;
  // x = n·ln 2 + r with |r| ≤ ln 2 / 2; r_high is exact.
  const double rounded = x * 0x1.71547652b82fep+0 + detail::round_magic64;
  const double n = rounded - detail::round_magic64;
  const double r_high = x - n * detail::ln2_high64;
  const double r_low = n * detail::ln2_low64;
  const double r = r_high - r_low;
  // e^r = 1 + r + r²·q(r); the small terms are summed first.
  const double small =
      r * r *
          detail::polynomial(r, 0x1p-1, 0x1.5555555555556p-3, 0x1.5555555555558p-5,
                             0x1.1111111110d5ep-7, 0x1.6c16c16c14e67p-10, 0x1.a01a01a1e26b8p-13,
                             0x1.a01a01ae78ddep-16, 0x1.71de341da8b2ap-19, 0x1.27e4c9038c5ecp-22,
                             0x1.ae77f56fbff1ap-26, 0x1.1f7a82334bdbbp-29, 0x1.46a119ef84021p-33) -
      r_low;
  const double e = 1.0 + (r_high + small);
  // Two steps, the first exact: a subnormal result is rounded once.
  const auto power = static_cast<std::int64_t>(n);
  const std::int64_t half = power / 2;
  return e * detail::power_of_two(half) * detail::power_of_two(power - half);
}

/// Natural logarithm; log(0) = −infinity, negative or NaN gives NaN. Error: below 0.95 ulp.
AXIOM_INLINE double log(double x) {
  if (!(x < detail::infinity64)) return x;  // infinity and NaN
  if (x == 0.0) return -detail::infinity64;
  if (x < 0.0) return detail::quiet_nan64;
  double k = 0.0;
  if (x < detail::least_normal64) {
    x *= 0x1p52;
    k = -52.0;
  }
  // x = m·2^k with 2/3 ≤ m < 4/3, f = m − 1 exact.
  constexpr std::int64_t two_thirds = 0x3FE5555555555555;
  const std::int64_t offset = __builtin_bit_cast(std::int64_t, x) - two_thirds;
  k += static_cast<double>(offset >> 52);
  const double f = __builtin_bit_cast(double, (offset & 0x000FFFFFFFFFFFFF) + two_thirds) - 1.0;
  // log(1+f) = 2·artanh(s) = 2s + s·R with s = f/(2+f), and 2s = f − s·f.
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double small =
      k * detail::ln2_low64 -
      s * (f - z * detail::polynomial(z, 0x1.555555555554fp-1, 0x1.999999999c17ap-2,
                                      0x1.24924921e447dp-2, 0x1.c71c748fb9786p-3,
                                      0x1.745c4ade6204p-3, 0x1.3b35c074d7be1p-3,
                                      0x1.0dcb98bd15198p-3, 0x1.1b819c9e4fb1cp-3));
  // k·ln2_high is exact; the rounding error of its sum with f joins the small terms.
  const double k_ln2 = k * detail::ln2_high64;
  const double large = k_ln2 + f;
  const double lost = f - (large - k_ln2);
  return large + (lost + small);
}

}  // namespace axiom::arithmetic
