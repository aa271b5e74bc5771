// exp, log, sigmoid, sine and cosine in binary32, written once over a lane type F: `float` for the
// reference and a CUDA thread, structs of 8 or 16 floats elsewhere. Only operations of ops.h, no
// branches, so every backend gives the same bits.
//
// The polynomials are our own minimax fits: scripts/fit_polynomials.py prints the coefficients.
// Maximal errors hold over all 2^32 inputs; functions_exhaustive_test.cpp measures them.
#pragma once

#include <cstdint>

#include "client/arithmetic/ops.h"

namespace axiom::arithmetic {

namespace detail {

/// 1.5·2^23: adding it rounds |x| ≤ 2^22 to an integer (nearest even), which is then found in the
/// low bits of the sum. No conversion instruction is needed.
inline constexpr float round_magic = 0x1.8p23f;
inline constexpr std::int32_t round_magic_bits = 0x4B400000;
inline constexpr float quiet_nan = __builtin_nanf("");
inline constexpr float infinity = __builtin_inff();

/// a·2^n, rounded once: two steps, the first of them exact for a near 1. REQUIRES: −252 ≤ n ≤ 254.
template <class F>
AXIOM_INLINE F scale_by_power(F a, typename LaneTraits<F>::Int n) {
  const auto bias = splat_bits<F>(127);
  const auto half = shift_right<1>(n);
  const auto rest = bits_sub(n, half);
  const F half_power = from_bits(shift_left<23>(bits_add(half, bias)));
  const F rest_power = from_bits(shift_left<23>(bits_add(rest, bias)));
  return mul(mul(a, half_power), rest_power);
}

}  // namespace detail

/// e^x. Subnormal results are kept; overflow gives infinity. Error: 0.8763 ulp.
template <class F>
AXIOM_INLINE F exp(F x) {
  // Beyond these bounds the result is 0 or infinity anyway. A NaN passes.
  x = select(less(x, splat<F>(-110.0f)), splat<F>(-110.0f), x);
  x = select(less(splat<F>(100.0f), x), splat<F>(100.0f), x);
  // x = n·ln 2 + r with |r| ≤ ln 2 / 2; r_high is exact, since it is a multiple of 2^-25 below 1/2.
  const F magic = splat<F>(detail::round_magic);
  const F rounded = fma(x, splat<F>(0x1.715476p+0f), magic);
  const F n = sub(rounded, magic);
  const F r_high = fma(n, splat<F>(-0x1.62e430p-1f), x);
  const F r_low = mul(n, splat<F>(0x1.05c610p-29f));
  const F r = add(r_high, r_low);
  // e^r = 1 + r + r²·q(r); the small terms are summed first.
  F q = splat<F>(0x1.6abe02p-10f);
  q = fma(q, r, splat<F>(0x1.123d86p-7f));
  q = fma(q, r, splat<F>(0x1.555858p-5f));
  q = fma(q, r, splat<F>(0x1.55548cp-3f));
  q = fma(q, r, splat<F>(0x1.fffffcp-2f));
  const F small = fma(mul(r, r), q, r_low);
  const F e = add(splat<F>(1.0f), add(r_high, small));
  return detail::scale_by_power(
      e, bits_sub(to_bits(rounded), splat_bits<F>(detail::round_magic_bits)));
}

/// Natural logarithm. log(0) = −infinity; negative or NaN gives NaN. Error: 0.7787 ulp.
template <class F>
AXIOM_INLINE F log(F x) {
  // Subnormals are scaled into the normal range. x = m·2^k with 2/3 ≤ m < 4/3.
  const auto tiny = less(x, splat<F>(0x1p-126f));
  const F normal = select(tiny, mul(x, splat<F>(0x1p23f)), x);
  const auto two_thirds = splat_bits<F>(0x3F2AAAAB);
  const auto offset = bits_sub(to_bits(normal), two_thirds);
  const auto m_bits = bits_add(bits_and(offset, splat_bits<F>(0x007FFFFF)), two_thirds);
  const F f = sub(from_bits(m_bits), splat<F>(1.0f));
  const F k_scaled =
      sub(from_bits(bits_add(shift_right<23>(offset), splat_bits<F>(detail::round_magic_bits))),
          splat<F>(detail::round_magic));
  const F k = sub(k_scaled, select(tiny, splat<F>(23.0f), splat<F>(0.0f)));
  // log(1 + f) = f − f²/2 + f³·p(f)
  F p = splat<F>(-0x1.dd1580p-4f);
  p = fma(p, f, splat<F>(0x1.f011c8p-4f));
  p = fma(p, f, splat<F>(-0x1.8c25fep-4f));
  p = fma(p, f, splat<F>(0x1.b78216p-4f));
  p = fma(p, f, splat<F>(-0x1.000c8ep-3f));
  p = fma(p, f, splat<F>(0x1.24ff6ap-3f));
  p = fma(p, f, splat<F>(-0x1.555792p-3f));
  p = fma(p, f, splat<F>(0x1.999708p-3f));
  p = fma(p, f, splat<F>(-0x1.000004p-2f));
  p = fma(p, f, splat<F>(0x1.555558p-2f));
  const F f2 = mul(f, f);
  F small = fma(mul(f2, f), p, mul(k, splat<F>(0x1.7f7d1cp-20f)));
  small = fma(f2, splat<F>(-0.5f), small);
  // k·ln2_high is exact (15 bits); the rounding error of its sum with f joins the small terms.
  const F k_ln2 = mul(k, splat<F>(0x1.62e400p-1f));
  const F large = add(k_ln2, f);
  const F lost = sub(f, sub(large, k_ln2));
  F result = add(large, add(lost, small));
  result = select(less(x, splat<F>(detail::infinity)), result, x);  // infinity and NaN
  result = select(less(x, splat<F>(0x1p-149f)), splat<F>(-detail::infinity), result);
  return select(less(x, splat<F>(0.0f)), splat<F>(detail::quiet_nan), result);
}

/// Logistic function 1 / (1 + e^-x), without overflow for either sign. Error: 2.4019 ulp.
template <class F>
AXIOM_INLINE F sigmoid(F x) {
  const F one = splat<F>(1.0f);
  const F e = exp(sub(splat<F>(0.0f), absolute(x)));
  return div(select(less(x, splat<F>(0.0f)), e, one), add(one, e));
}

/// sine = sin(2πu), cosine = cos(2πu). |u| ≤ 2^21, NaN beyond. A zero may have either sign.
/// Errors: sine 0.9645 ulp, cosine 0.8745 ulp.
template <class F>
AXIOM_INLINE void sincos_turns(F u, F& sine, F& cosine) {
  // Exact reduction: whole turns first, then quarters: |f| ≤ 1/8.
  const F magic = splat<F>(detail::round_magic);
  const F turn = sub(u, sub(add(u, magic), magic));
  const F rounded = fma(turn, splat<F>(4.0f), magic);
  const F f = fma(sub(rounded, magic), splat<F>(-0.25f), turn);
  const F g = mul(f, f);
  F s = splat<F>(0x1.443a1cp+5f);
  s = fma(s, g, splat<F>(-0x1.32adaap+6f));
  s = fma(s, g, splat<F>(0x1.466b78p+6f));
  s = fma(s, g, splat<F>(-0x1.4abbcep+5f));
  s = fma(s, g, splat<F>(-0x1.777a5cp-23f));  // 2π = high + low
  s = fma(f, splat<F>(0x1.921fb6p+2f), mul(f, s));
  F c = splat<F>(0x1.d4f7eap+5f);
  c = fma(c, g, splat<F>(-0x1.55b2b6p+6f));
  c = fma(c, g, splat<F>(0x1.03c1b0p+6f));
  c = fma(c, g, splat<F>(-0x1.3bd3ccp+4f));
  c = fma(c, g, splat<F>(1.0f));
  // Quarter n: odd ones exchange sine and cosine; n mod 4 gives the signs.
  const auto n = to_bits(rounded);
  const auto one = splat_bits<F>(1);
  const auto two = splat_bits<F>(2);
  // An odd n becomes the float 2, an even n the float 0, which makes a mask.
  const auto odd = less(splat<F>(0.0f), from_bits(shift_left<30>(bits_and(n, one))));
  const auto sine_sign = shift_left<30>(bits_and(n, two));
  const auto cosine_sign = shift_left<30>(bits_and(bits_add(n, one), two));
  const auto valid = less(absolute(u), splat<F>(0x1.000002p21f));
  const F nan = splat<F>(detail::quiet_nan);
  sine = select(valid, from_bits(bits_xor(to_bits(select(odd, c, s)), sine_sign)), nan);
  cosine = select(valid, from_bits(bits_xor(to_bits(select(odd, s, c)), cosine_sign)), nan);
}

}  // namespace axiom::arithmetic
