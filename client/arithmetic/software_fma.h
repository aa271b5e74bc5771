// Exact fused multiply-add for processors without the instruction.
//
// Method: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms
// using rounding to odd", IEEE Trans. Computers 57(4), 2008. A sum rounded to odd in a wider
// format, rounded once more to the narrow one, is correctly rounded.
#pragma once

#include <cstdint>

#include "client/arithmetic/platform.h"

namespace axiom::arithmetic {

namespace detail {

AXIOM_INLINE std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }
AXIOM_INLINE double double_of(std::uint64_t x) { return __builtin_bit_cast(double, x); }

/// Exact sum of two doubles as a rounded value and its error (Knuth). No overflow assumed.
AXIOM_INLINE void two_sum(double a, double b, double& sum, double& error) {
  sum = a + b;
  const double b_part = sum - a;
  const double a_part = sum - b_part;
  const double a_error = a - a_part;
  const double b_error = b - b_part;
  error = a_error + b_error;
}

/// a + b rounded to odd: if inexact, the result is the neighbour whose last bit is 1. Infinities
/// and NaNs give what a + b gives. No branch, so that loops over it vectorise.
AXIOM_INLINE double add_round_to_odd(double a, double b) {
  double sum;
  double error;
  two_sum(a, b, sum, error);
  const std::uint64_t bits = bits_of(sum);
  const std::uint64_t error_size = bits_of(error) & 0x7FFFFFFFFFFFFFFF;
  // Nonzero, and not the NaN that an infinite or NaN sum leaves. (Integers, since baseline x86-64
  // cannot turn a vector comparison of doubles into 64-bit integers.)
  const std::uint64_t nonzero = error_size + 0x7FFFFFFFFFFFFFFF;
  const std::uint64_t nan = 0x7FF0000000000000 - error_size;
  const std::uint64_t inexact = (nonzero & ~nan) >> 63;
  // An even sum of a nonzero error moves one step towards the exact value: up in magnitude if error
  // and sum have equal signs, else down.
  const std::uint64_t step = ~bits & inexact;
  const std::uint64_t opposite = (bits_of(error) ^ bits) >> 63;
  return double_of(bits + step - 2 * (step & opposite));
}

}  // namespace detail

/// Correctly rounded a·b + c in binary32, all inputs, subnormals included. Error: 0.5 ulp.
AXIOM_INLINE float software_fma(float a, float b, float c) {
  // The product of two 24-bit significands is exact in 53 bits, and binary64 neither overflows nor
  // underflows here, so the sum and its error are exact as well.
  const double product = static_cast<double>(a) * static_cast<double>(b);
  return static_cast<float>(detail::add_round_to_odd(product, static_cast<double>(c)));
}

/// Correctly rounded a·b + c in binary64, all inputs, subnormals included. Error: 0.5 ulp.
/// Not inline: integer arithmetic on the extreme exponents.
double software_fma(double a, double b, double c);

}  // namespace axiom::arithmetic
