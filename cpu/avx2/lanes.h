// Eight floats or four doubles in AVX2 registers: the vocabulary of client/arithmetic/ops.h.
// Only for translation units built with -mavx2 -mfma.
#pragma once

#include <immintrin.h>

#include "client/arithmetic/ops.h"

namespace axiom::cpu::avx2 {

struct I32 {
  __m256i v;
  static AXIOM_INLINE I32 splat(std::int32_t a) { return {_mm256_set1_epi32(a)}; }
};
struct Mask {
  __m256 v;
};
struct F32 {
  __m256 v;
  static constexpr int lanes = 8;
  static AXIOM_INLINE F32 splat(float a) { return {_mm256_set1_ps(a)}; }
  static AXIOM_INLINE F32 zero() { return {_mm256_setzero_ps()}; }
  static AXIOM_INLINE F32 broadcast(const float* p) { return {_mm256_broadcast_ss(p)}; }
  static AXIOM_INLINE F32 load(const float* p) { return {_mm256_load_ps(p)}; }
  static AXIOM_INLINE F32 load_unaligned(const float* p) { return {_mm256_loadu_ps(p)}; }
  AXIOM_INLINE void store(float* p) const { _mm256_store_ps(p, v); }
};

AXIOM_INLINE F32 add(F32 a, F32 b) { return {_mm256_add_ps(a.v, b.v)}; }
AXIOM_INLINE F32 sub(F32 a, F32 b) { return {_mm256_sub_ps(a.v, b.v)}; }
AXIOM_INLINE F32 mul(F32 a, F32 b) { return {_mm256_mul_ps(a.v, b.v)}; }
AXIOM_INLINE F32 div(F32 a, F32 b) { return {_mm256_div_ps(a.v, b.v)}; }
AXIOM_INLINE F32 sqrt(F32 a) { return {_mm256_sqrt_ps(a.v)}; }
AXIOM_INLINE F32 fma(F32 a, F32 b, F32 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
AXIOM_INLINE Mask less(F32 a, F32 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
AXIOM_INLINE F32 select(Mask m, F32 a, F32 b) { return {_mm256_blendv_ps(b.v, a.v, m.v)}; }
AXIOM_INLINE I32 select(Mask m, I32 a, I32 b) {
  return {_mm256_castps_si256(
      _mm256_blendv_ps(_mm256_castsi256_ps(b.v), _mm256_castsi256_ps(a.v), m.v))};
}
AXIOM_INLINE I32 to_bits(F32 a) { return {_mm256_castps_si256(a.v)}; }
AXIOM_INLINE F32 from_bits(I32 a) { return {_mm256_castsi256_ps(a.v)}; }
AXIOM_INLINE I32 bits_add(I32 a, I32 b) { return {_mm256_add_epi32(a.v, b.v)}; }
AXIOM_INLINE I32 bits_sub(I32 a, I32 b) { return {_mm256_sub_epi32(a.v, b.v)}; }
AXIOM_INLINE I32 bits_and(I32 a, I32 b) { return {_mm256_and_si256(a.v, b.v)}; }
AXIOM_INLINE I32 bits_xor(I32 a, I32 b) { return {_mm256_xor_si256(a.v, b.v)}; }
template <int N>
AXIOM_INLINE I32 shift_left(I32 a) {
  return {_mm256_slli_epi32(a.v, N)};
}
template <int N>
AXIOM_INLINE I32 shift_right(I32 a) {
  return {_mm256_srai_epi32(a.v, N)};
}
AXIOM_INLINE F32 to_float(I32 a) { return {_mm256_cvtepi32_ps(a.v)}; }

struct F64 {
  __m256d v;
  static constexpr int lanes = 4;
  static AXIOM_INLINE F64 zero() { return {_mm256_setzero_pd()}; }
  static AXIOM_INLINE F64 splat(double a) { return {_mm256_set1_pd(a)}; }
  static AXIOM_INLINE F64 broadcast(const double* p) { return {_mm256_broadcast_sd(p)}; }
  static AXIOM_INLINE F64 load(const double* p) { return {_mm256_load_pd(p)}; }
  static AXIOM_INLINE F64 load_unaligned(const double* p) { return {_mm256_loadu_pd(p)}; }
  static AXIOM_INLINE F64 load_unaligned(const float* p) {
    return {_mm256_cvtps_pd(_mm_loadu_ps(p))};
  }
  AXIOM_INLINE void store(double* p) const { _mm256_store_pd(p, v); }
  AXIOM_INLINE void store_unaligned(double* p) const { _mm256_storeu_pd(p, v); }
};
AXIOM_INLINE F64 add(F64 a, F64 b) { return {_mm256_add_pd(a.v, b.v)}; }
AXIOM_INLINE F64 sub(F64 a, F64 b) { return {_mm256_sub_pd(a.v, b.v)}; }
AXIOM_INLINE F64 mul(F64 a, F64 b) { return {_mm256_mul_pd(a.v, b.v)}; }
AXIOM_INLINE F64 div(F64 a, F64 b) { return {_mm256_div_pd(a.v, b.v)}; }
AXIOM_INLINE F64 fma(F64 a, F64 b, F64 c) { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }

/// The 8 columns of the 8 × 8 block at `from` (rows `from_stride` apart, 32-byte aligned), as
/// store(column, values). Halves of rows are gathered by loads, which leave the shuffle port free.
template <class Store>
AXIOM_INLINE void transpose_block(const float* from, int from_stride, Store store) {
#pragma GCC unroll 2
  for (int q = 0; q < 2; ++q) {
    __m256 r[4];  // r[i]: columns 4q … 4q+3 of rows i and 4+i
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const float* row = from + i * from_stride + 4 * q;
      r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_load_ps(row)),
                                  _mm_load_ps(row + 4 * from_stride), 1);
    }
    const __m256 a0 = _mm256_unpacklo_ps(r[0], r[1]);
    const __m256 a1 = _mm256_unpackhi_ps(r[0], r[1]);
    const __m256 a2 = _mm256_unpacklo_ps(r[2], r[3]);
    const __m256 a3 = _mm256_unpackhi_ps(r[2], r[3]);
    store(4 * q, F32{_mm256_shuffle_ps(a0, a2, 0x44)});
    store(4 * q + 1, F32{_mm256_shuffle_ps(a0, a2, 0xee)});
    store(4 * q + 2, F32{_mm256_shuffle_ps(a1, a3, 0x44)});
    store(4 * q + 3, F32{_mm256_shuffle_ps(a1, a3, 0xee)});
  }
}

/// Tile sizes: rows × vectors of accumulators that fit the registers.
struct Isa {
  using Float = F32;
  using Double = F64;
  static constexpr int registers = 16;
  static constexpr int tile_rows = 6;
  static constexpr int tile_vectors = 2;
  static constexpr int wide_vectors = 3;       ///< of doubles: cpu/gram.inl
  static constexpr int reduction_vectors = 3;  ///< of doubles: cpu/tridiagonal.inl
  static constexpr int sparse_panels = 4;      ///< cpu/sparse_product.inl
  static AXIOM_INLINE std::uint32_t non_zero_bits(F32 a) {
    return static_cast<std::uint32_t>(
        _mm256_movemask_ps(_mm256_cmp_ps(a.v, _mm256_setzero_ps(), _CMP_NEQ_UQ)));
  }
  static AXIOM_INLINE bool any_negative_zero(const F32* a, int count) {
    const __m256i sign = _mm256_set1_epi32(INT32_MIN);
    __m256i found = _mm256_setzero_si256();
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i) {
      found = _mm256_or_si256(found, _mm256_cmpeq_epi32(_mm256_castps_si256(a[i].v), sign));
    }
    return !_mm256_testz_si256(found, found);
  }
  template <class Store>
  static AXIOM_INLINE void transpose(const float* from, int from_stride, Store store) {
    transpose_block(from, from_stride, store);
  }
};

}  // namespace axiom::cpu::avx2

template <>
struct axiom::arithmetic::LaneTraits<axiom::cpu::avx2::F32> {
  using Int = axiom::cpu::avx2::I32;
  using Mask = axiom::cpu::avx2::Mask;
  static constexpr int lanes = 8;
};
