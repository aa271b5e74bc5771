#include "client/arithmetic/software_fma.h"

#include <bit>

namespace axiom::arithmetic {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr std::uint64_t fraction_mask = 0x000FFFFFFFFFFFFF;
constexpr std::uint64_t infinity_bits = 0x7FF0000000000000;

int exponent_field(double x) {
  return static_cast<int>((std::bit_cast<std::uint64_t>(x) >> 52) & 0x7FF);
}
bool is_finite(double x) { return exponent_field(x) != 0x7FF; }

/// Exact product as a rounded value and its error (Veltkamp's splitting, Dekker's product).
/// REQUIRES: the product's error is a multiple of 2^-1074, and no overflow.
void two_product(double a, double b, double& product, double& error) {
  constexpr double splitter = 0x1p27 + 1.0;
  const double a_scaled = splitter * a;
  const double a_high = a_scaled - (a_scaled - a);
  const double a_low = a - a_high;
  const double b_scaled = splitter * b;
  const double b_high = b_scaled - (b_scaled - b);
  const double b_low = b - b_high;
  product = a * b;
  error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
}

/// magnitude·2^exponent with the magnitude's leading bit at 125: one bit is left for a carry.
struct Normalized {
  Uint128 magnitude;
  int exponent;
};

int leading_bit(Uint128 x) {
  const auto high = static_cast<std::uint64_t>(x >> 64);
  return high != 0 ? 127 - std::countl_zero(high)
                   : 63 - std::countl_zero(static_cast<std::uint64_t>(x));
}

Normalized normalize(Uint128 magnitude, int exponent) {
  const int shift = 125 - leading_bit(magnitude);
  return {magnitude << shift, exponent - shift};
}

/// Right shift; any lost bit sets the last one, so that a later rounding still sees it.
Uint128 shift_right_sticky(Uint128 x, int shift) {
  if (shift > 127) return x != 0 ? 1 : 0;
  const Uint128 shifted = x >> shift;
  return (shifted << shift) == x ? shifted : (shifted | 1);
}

/// magnitude·2^exponent as an integer significand of a finite double.
void decompose(double x, std::uint64_t& significand, int& exponent) {
  const int field = exponent_field(x);
  significand = std::bit_cast<std::uint64_t>(x) & fraction_mask;
  if (field != 0) significand |= fraction_mask + 1;
  exponent = (field != 0 ? field : 1) - 1075;
}

/// Bits of magnitude·2^exponent rounded to nearest even; infinity on overflow.
std::uint64_t rounded_bits(Uint128 magnitude, int exponent) {
  const int wanted = leading_bit(magnitude) + exponent - 52;
  const int last = wanted < -1074 ? -1074 : wanted;  // exponent of the result's last bit
  const int shift = last - exponent;
  std::uint64_t significand;
  if (shift <= 0) {
    significand = static_cast<std::uint64_t>(magnitude << -shift);
  } else if (shift > 127) {
    return 0;  // below half of the smallest subnormal
  } else {
    significand = static_cast<std::uint64_t>(magnitude >> shift);
    const Uint128 half = Uint128{1} << (shift - 1);
    const Uint128 rest = magnitude & ((half << 1) - 1);
    if (rest > half || (rest == half && (significand & 1) != 0)) ++significand;
  }
  if (last + 1074 >= 2046) return infinity_bits;
  // Adding instead of joining lets a carry out of the significand raise the exponent.
  return (static_cast<std::uint64_t>(last + 1074) << 52) + significand;
}

/// Exact for all finite a, b, c with a, b ≠ 0.
double integer_fma(double a, double b, double c) {
  constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
  std::uint64_t a_significand, b_significand, c_significand;
  int a_exponent, b_exponent, c_exponent;
  decompose(a, a_significand, a_exponent);
  decompose(b, b_significand, b_exponent);
  decompose(c, c_significand, c_exponent);
  std::uint64_t sign =
      (std::bit_cast<std::uint64_t>(a) ^ std::bit_cast<std::uint64_t>(b)) & sign_bit;
  Normalized larger = normalize(Uint128{a_significand} * b_significand, a_exponent + b_exponent);
  if (c_significand != 0) {
    const std::uint64_t c_sign = std::bit_cast<std::uint64_t>(c) & sign_bit;
    const bool opposite = sign != c_sign;
    Normalized smaller = normalize(c_significand, c_exponent);
    if (larger.exponent < smaller.exponent ||
        (larger.exponent == smaller.exponent && larger.magnitude < smaller.magnitude)) {
      const Normalized product = larger;
      larger = smaller;
      smaller = product;
      sign = c_sign;
    }
    // Bits are lost only if the exponents differ by more than the 20 trailing zeros of either
    // magnitude; a difference then keeps 124 bits, far more than the 54 that rounding needs.
    const Uint128 aligned =
        shift_right_sticky(smaller.magnitude, larger.exponent - smaller.exponent);
    larger.magnitude = opposite ? larger.magnitude - aligned : larger.magnitude + aligned;
    if (larger.magnitude == 0) return 0.0;
  }
  return std::bit_cast<double>(sign | rounded_bits(larger.magnitude, larger.exponent));
}

}  // namespace

double software_fma(double a, double b, double c) {
  // Exponents between −480 and 480 for the factors and up to 970 for the addend: nothing
  // overflows and the product's error is representable. Boldo and Melquiond's algorithm.
  const bool safe = static_cast<unsigned>(exponent_field(a) - 543) <= 960u &&
                    static_cast<unsigned>(exponent_field(b) - 543) <= 960u &&
                    exponent_field(c) <= 1993;
  if (safe) {
    double product, product_error;
    two_product(a, b, product, product_error);
    double low_sum, low_error;
    detail::two_sum(c, product_error, low_sum, low_error);
    double sum, sum_error;
    detail::two_sum(product, low_sum, sum, sum_error);
    return sum + detail::add_round_to_odd(low_error, sum_error);
  }
  // A factor that is zero, infinite or NaN makes the product exact.
  if (!is_finite(a) || !is_finite(b) || a == 0.0 || b == 0.0) return a * b + c;
  if (!is_finite(c)) return c + c;
  return integer_fma(a, b, c);
}

}  // namespace axiom::arithmetic
