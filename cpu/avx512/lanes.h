// Sixteen floats or eight doubles in AVX-512 registers: the vocabulary of client/arithmetic/ops.h.
// Only for translation units built with -mavx512f -mfma.
#pragma once

#include <immintrin.h>

#include "client/arithmetic/ops.h"

namespace axiom::cpu::avx512 {

struct I32 {
  __m512i v;
  static AXIOM_INLINE I32 splat(std::int32_t a) { return {_mm512_set1_epi32(a)}; }
};
struct Mask {
  __mmask16 v;
};
struct F32 {
  __m512 v;
  static constexpr int lanes = 16;
  static AXIOM_INLINE F32 splat(float a) { return {_mm512_set1_ps(a)}; }
  static AXIOM_INLINE F32 zero() { return {_mm512_setzero_ps()}; }
  static AXIOM_INLINE F32 broadcast(const float* p) { return {_mm512_set1_ps(*p)}; }
  static AXIOM_INLINE F32 load(const float* p) { return {_mm512_load_ps(p)}; }
  static AXIOM_INLINE F32 load_unaligned(const float* p) { return {_mm512_loadu_ps(p)}; }
  AXIOM_INLINE void store(float* p) const { _mm512_store_ps(p, v); }
};

AXIOM_INLINE F32 add(F32 a, F32 b) { return {_mm512_add_ps(a.v, b.v)}; }
AXIOM_INLINE F32 sub(F32 a, F32 b) { return {_mm512_sub_ps(a.v, b.v)}; }
AXIOM_INLINE F32 mul(F32 a, F32 b) { return {_mm512_mul_ps(a.v, b.v)}; }
AXIOM_INLINE F32 div(F32 a, F32 b) { return {_mm512_div_ps(a.v, b.v)}; }
AXIOM_INLINE F32 sqrt(F32 a) { return {_mm512_sqrt_ps(a.v)}; }
AXIOM_INLINE F32 fma(F32 a, F32 b, F32 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
AXIOM_INLINE Mask less(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
AXIOM_INLINE F32 select(Mask m, F32 a, F32 b) { return {_mm512_mask_blend_ps(m.v, b.v, a.v)}; }
AXIOM_INLINE I32 select(Mask m, I32 a, I32 b) { return {_mm512_mask_blend_epi32(m.v, b.v, a.v)}; }
AXIOM_INLINE I32 to_bits(F32 a) { return {_mm512_castps_si512(a.v)}; }
AXIOM_INLINE F32 from_bits(I32 a) { return {_mm512_castsi512_ps(a.v)}; }
AXIOM_INLINE I32 bits_add(I32 a, I32 b) { return {_mm512_add_epi32(a.v, b.v)}; }
AXIOM_INLINE I32 bits_sub(I32 a, I32 b) { return {_mm512_sub_epi32(a.v, b.v)}; }
AXIOM_INLINE I32 bits_and(I32 a, I32 b) { return {_mm512_and_si512(a.v, b.v)}; }
AXIOM_INLINE I32 bits_xor(I32 a, I32 b) { return {_mm512_xor_si512(a.v, b.v)}; }
template <int N>
AXIOM_INLINE I32 shift_left(I32 a) {
  return {_mm512_slli_epi32(a.v, N)};
}
template <int N>
AXIOM_INLINE I32 shift_right(I32 a) {
  return {_mm512_srai_epi32(a.v, N)};
}
AXIOM_INLINE F32 to_float(I32 a) { return {_mm512_cvtepi32_ps(a.v)}; }

struct F64 {
  __m512d v;
  static constexpr int lanes = 8;
  static AXIOM_INLINE F64 zero() { return {_mm512_setzero_pd()}; }
  static AXIOM_INLINE F64 splat(double a) { return {_mm512_set1_pd(a)}; }
  static AXIOM_INLINE F64 broadcast(const double* p) { return {_mm512_set1_pd(*p)}; }
  static AXIOM_INLINE F64 load(const double* p) { return {_mm512_load_pd(p)}; }
  static AXIOM_INLINE F64 load_unaligned(const double* p) { return {_mm512_loadu_pd(p)}; }
  static AXIOM_INLINE F64 load_unaligned(const float* p) {
    return {_mm512_cvtps_pd(_mm256_loadu_ps(p))};
  }
  AXIOM_INLINE void store(double* p) const { _mm512_store_pd(p, v); }
  AXIOM_INLINE void store_unaligned(double* p) const { _mm512_storeu_pd(p, v); }
};
AXIOM_INLINE F64 add(F64 a, F64 b) { return {_mm512_add_pd(a.v, b.v)}; }
AXIOM_INLINE F64 sub(F64 a, F64 b) { return {_mm512_sub_pd(a.v, b.v)}; }
AXIOM_INLINE F64 mul(F64 a, F64 b) { return {_mm512_mul_pd(a.v, b.v)}; }
AXIOM_INLINE F64 div(F64 a, F64 b) { return {_mm512_div_pd(a.v, b.v)}; }
AXIOM_INLINE F64 fma(F64 a, F64 b, F64 c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }

/// The 16 columns of the 16 × 16 block at `from` (rows `from_stride` apart, 64-byte aligned), as
/// store(column, values). Quarters of rows are gathered by loads, which leave the shuffle port
/// free.
template <class Store>
AXIOM_INLINE void transpose_block(const float* from, int from_stride, Store store) {
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    __m512 r[4];  // r[i]: columns 4q … 4q+3 of rows i, 4+i, 8+i, 12+i
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const float* row = from + i * from_stride + 4 * q;
      r[i] = _mm512_castps128_ps512(_mm_load_ps(row));
      r[i] = _mm512_mask_broadcast_f32x4(r[i], 0x00f0, _mm_load_ps(row + 4 * from_stride));
      r[i] = _mm512_mask_broadcast_f32x4(r[i], 0x0f00, _mm_load_ps(row + 8 * from_stride));
      r[i] = _mm512_mask_broadcast_f32x4(r[i], 0xf000, _mm_load_ps(row + 12 * from_stride));
    }
    const __m512 a0 = _mm512_unpacklo_ps(r[0], r[1]);
    const __m512 a1 = _mm512_unpackhi_ps(r[0], r[1]);
    const __m512 a2 = _mm512_unpacklo_ps(r[2], r[3]);
    const __m512 a3 = _mm512_unpackhi_ps(r[2], r[3]);
    store(4 * q, F32{_mm512_shuffle_ps(a0, a2, 0x44)});
    store(4 * q + 1, F32{_mm512_shuffle_ps(a0, a2, 0xee)});
    store(4 * q + 2, F32{_mm512_shuffle_ps(a1, a3, 0x44)});
    store(4 * q + 3, F32{_mm512_shuffle_ps(a1, a3, 0xee)});
  }
}

/// Tile sizes: rows × vectors of accumulators that fit the registers.
struct Isa {
  using Float = F32;
  using Double = F64;
  static constexpr int registers = 32;
  static constexpr int tile_rows = 8;
  static constexpr int tile_vectors = 2;
  static constexpr int wide_vectors = 2;
  static constexpr int reduction_vectors = 2;  ///< of doubles: cpu/tridiagonal.inl
  static constexpr int sparse_panels = 4;      ///< cpu/sparse_product.inl
  static AXIOM_INLINE std::uint32_t non_zero_bits(F32 a) {
    return _mm512_cmp_ps_mask(a.v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
  }
  static AXIOM_INLINE bool any_negative_zero(const F32* a, int count) {
    const __m512i sign = _mm512_set1_epi32(INT32_MIN);
    unsigned found = 0;
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i) {
      found |= _mm512_cmpeq_epi32_mask(_mm512_castps_si512(a[i].v), sign);
    }
    return found != 0;
  }
  template <class Store>
  static AXIOM_INLINE void transpose(const float* from, int from_stride, Store store) {
    transpose_block(from, from_stride, store);
  }
};

}  // namespace axiom::cpu::avx512

template <>
struct axiom::arithmetic::LaneTraits<axiom::cpu::avx512::F32> {
  using Int = axiom::cpu::avx512::I32;
  using Mask = axiom::cpu::avx512::Mask;
  static constexpr int lanes = 16;
};
