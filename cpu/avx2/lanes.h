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
  AXIOM_INLINE void store(double* p) const { _mm256_store_pd(p, v); }
};
AXIOM_INLINE F64 add(F64 a, F64 b) { return {_mm256_add_pd(a.v, b.v)}; }
AXIOM_INLINE F64 mul(F64 a, F64 b) { return {_mm256_mul_pd(a.v, b.v)}; }
AXIOM_INLINE F64 fma(F64 a, F64 b, F64 c) { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }

/// Transposes the 8 × 8 block at `from` (rows `from_stride` apart) to `to`. All 32-byte aligned.
AXIOM_INLINE void transpose_block(const float* from, int from_stride, float* to, int to_stride) {
  const __m256 r0 = _mm256_load_ps(from);
  const __m256 r1 = _mm256_load_ps(from + from_stride);
  const __m256 r2 = _mm256_load_ps(from + 2 * from_stride);
  const __m256 r3 = _mm256_load_ps(from + 3 * from_stride);
  const __m256 r4 = _mm256_load_ps(from + 4 * from_stride);
  const __m256 r5 = _mm256_load_ps(from + 5 * from_stride);
  const __m256 r6 = _mm256_load_ps(from + 6 * from_stride);
  const __m256 r7 = _mm256_load_ps(from + 7 * from_stride);
  const __m256 a0 = _mm256_unpacklo_ps(r0, r1);
  const __m256 a1 = _mm256_unpackhi_ps(r0, r1);
  const __m256 a2 = _mm256_unpacklo_ps(r2, r3);
  const __m256 a3 = _mm256_unpackhi_ps(r2, r3);
  const __m256 a4 = _mm256_unpacklo_ps(r4, r5);
  const __m256 a5 = _mm256_unpackhi_ps(r4, r5);
  const __m256 a6 = _mm256_unpacklo_ps(r6, r7);
  const __m256 a7 = _mm256_unpackhi_ps(r6, r7);
  const __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44);
  const __m256 b1 = _mm256_shuffle_ps(a0, a2, 0xee);
  const __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44);
  const __m256 b3 = _mm256_shuffle_ps(a1, a3, 0xee);
  const __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44);
  const __m256 b5 = _mm256_shuffle_ps(a4, a6, 0xee);
  const __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44);
  const __m256 b7 = _mm256_shuffle_ps(a5, a7, 0xee);
  _mm256_store_ps(to, _mm256_permute2f128_ps(b0, b4, 0x20));
  _mm256_store_ps(to + to_stride, _mm256_permute2f128_ps(b1, b5, 0x20));
  _mm256_store_ps(to + 2 * to_stride, _mm256_permute2f128_ps(b2, b6, 0x20));
  _mm256_store_ps(to + 3 * to_stride, _mm256_permute2f128_ps(b3, b7, 0x20));
  _mm256_store_ps(to + 4 * to_stride, _mm256_permute2f128_ps(b0, b4, 0x31));
  _mm256_store_ps(to + 5 * to_stride, _mm256_permute2f128_ps(b1, b5, 0x31));
  _mm256_store_ps(to + 6 * to_stride, _mm256_permute2f128_ps(b2, b6, 0x31));
  _mm256_store_ps(to + 7 * to_stride, _mm256_permute2f128_ps(b3, b7, 0x31));
}

/// Tile sizes: rows × vectors of accumulators that fit the 16 registers.
struct Isa {
  using Float = F32;
  using Double = F64;
  static constexpr int tile_rows = 6;
  static constexpr int tile_vectors = 2;
  static AXIOM_INLINE void transpose(const float* from, int from_stride, float* to, int to_stride) {
    transpose_block(from, from_stride, to, to_stride);
  }
  static constexpr int transpose_size = 8;
};

}  // namespace axiom::cpu::avx2

template <>
struct axiom::arithmetic::LaneTraits<axiom::cpu::avx2::F32> {
  using Int = axiom::cpu::avx2::I32;
  using Mask = axiom::cpu::avx2::Mask;
  static constexpr int lanes = 8;
};
