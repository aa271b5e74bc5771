// The vocabulary of the arithmetic, for scalars: IEEE-754 operations, each rounded once to nearest
// even. The lane types of cpu/ define the same names for 8 and 16 floats; the functions of this
// folder are written once over either. Nothing else may operate on a float that reaches a result.
#pragma once

#include <cstdint>

#include "client/arithmetic/platform.h"
#include "client/arithmetic/software_fma.h"

#if defined(__FAST_MATH__)
#error "fast-math changes results; build without it"
#endif
#if defined(__FLT_EVAL_METHOD__) && \
    (__FLT_EVAL_METHOD__ < 0 || __FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "excess precision (x87) changes results; build for SSE2 (-msse2 -mfpmath=sse)"
#endif

namespace axiom::arithmetic {

/// Properties of a lane type: how many values it holds, its integers and its masks.
template <class F>
struct LaneTraits;

template <>
struct LaneTraits<float> {
  using Int = std::int32_t;
  using Mask = bool;
  static constexpr int lanes = 1;
};

AXIOM_INLINE float add(float a, float b) { return a + b; }
AXIOM_INLINE float sub(float a, float b) { return a - b; }
AXIOM_INLINE float mul(float a, float b) { return a * b; }
AXIOM_INLINE float div(float a, float b) { return a / b; }
AXIOM_INLINE float sqrt(float a) { return __builtin_sqrtf(a); }
AXIOM_INLINE double sqrt(double a) { return __builtin_sqrt(a); }

/// a·b + c, rounded once.
AXIOM_INLINE float fma(float a, float b, float c) {
#if defined(__CUDA_ARCH__) || defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return software_fma(a, b, c);
#endif
}
AXIOM_INLINE double fma(double a, double b, double c) {
#if defined(__CUDA_ARCH__) || defined(__FMA__)
  return __builtin_fma(a, b, c);
#else
  return software_fma(a, b, c);
#endif
}

AXIOM_INLINE bool less(float a, float b) { return a < b; }
AXIOM_INLINE float select(bool mask, float a, float b) { return mask ? a : b; }
AXIOM_INLINE std::int32_t select(bool mask, std::int32_t a, std::int32_t b) { return mask ? a : b; }

// Bits and integers (two's complement, wrapping).
AXIOM_INLINE std::int32_t to_bits(float a) { return __builtin_bit_cast(std::int32_t, a); }
AXIOM_INLINE float from_bits(std::int32_t a) { return __builtin_bit_cast(float, a); }
AXIOM_INLINE std::int32_t bits_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}
AXIOM_INLINE std::int32_t bits_sub(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}
AXIOM_INLINE std::int32_t bits_and(std::int32_t a, std::int32_t b) { return a & b; }
AXIOM_INLINE std::int32_t bits_xor(std::int32_t a, std::int32_t b) { return a ^ b; }
template <int N>
AXIOM_INLINE std::int32_t shift_left(std::int32_t a) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) << N);
}
/// Arithmetic shift: keeps the sign.
template <int N>
AXIOM_INLINE std::int32_t shift_right(std::int32_t a) {
  return a >> N;
}
/// The nearest float: exact for |a| ≤ 2^24.
AXIOM_INLINE float to_float(std::int32_t a) { return static_cast<float>(a); }

/// One constant in every lane.
template <class F>
AXIOM_INLINE F splat(float a) {
  if constexpr (LaneTraits<F>::lanes == 1) {
    return a;
  } else {
    return F::splat(a);
  }
}
template <class F>
AXIOM_INLINE typename LaneTraits<F>::Int splat_bits(std::int32_t a) {
  if constexpr (LaneTraits<F>::lanes == 1) {
    return a;
  } else {
    return LaneTraits<F>::Int::splat(a);
  }
}

/// |a|: the sign bit cleared, of a NaN too.
template <class F>
AXIOM_INLINE F absolute(F a) {
  return from_bits(bits_and(to_bits(a), splat_bits<F>(0x7fffffff)));
}

/// ReLU as a selection, so that NaN and −0 both give +0.
template <class F>
AXIOM_INLINE F relu(F a) {
  return select(less(splat<F>(0.0f), a), a, splat<F>(0.0f));
}

}  // namespace axiom::arithmetic
