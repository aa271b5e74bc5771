// Philox4x32-10 four blocks at a time, a word in each 64-bit lane: only its lower half counts, and
// a multiplication reads nothing else. Only for translation units built with -mavx2.
#pragma once

#include <immintrin.h>

#include "client/arithmetic/block_chunk.h"

namespace axiom::arithmetic {

/// Words of blocks index … index + 3 of a stream.
AXIOM_INLINE void philox_blocks(const Stream& stream, std::uint32_t index, __m256i* word) {
  const PhiloxBlock start = stream.counter(index);
  const __m256i multiplier0 = _mm256_set1_epi64x(philox::multiplier0);
  const __m256i multiplier1 = _mm256_set1_epi64x(philox::multiplier1);
  __m256i c0 = _mm256_add_epi32(_mm256_set1_epi64x(start.word[0]), _mm256_setr_epi64x(0, 1, 2, 3));
  __m256i c1 = _mm256_set1_epi64x(start.word[1]);
  __m256i c2 = _mm256_set1_epi64x(start.word[2]);
  __m256i c3 = _mm256_set1_epi64x(start.word[3]);
  std::uint32_t key0 = stream.key0();
  std::uint32_t key1 = stream.key1();
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const __m256i product0 = _mm256_mul_epu32(multiplier0, c0);
    const __m256i product1 = _mm256_mul_epu32(multiplier1, c2);
    c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product1, 32), c1),
                          _mm256_set1_epi64x(key0));
    c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product0, 32), c3),
                          _mm256_set1_epi64x(key1));
    c1 = product1;
    c3 = product0;
    key0 += philox::weyl0;
    key1 += philox::weyl1;
  }
  word[0] = c0;
  word[1] = c1;
  word[2] = c2;
  word[3] = c3;
}

/// The same words in their order: word[0] those of blocks index and index + 1, word[1] of the next.
AXIOM_INLINE void philox_words(const Stream& stream, std::uint32_t index, __m256i* word) {
  __m256i w[4];
  philox_blocks(stream, index, w);
  const __m256i front = _mm256_blend_epi32(w[0], _mm256_slli_epi64(w[1], 32), 0xaa);
  const __m256i back = _mm256_blend_epi32(w[2], _mm256_slli_epi64(w[3], 32), 0xaa);
  const __m256i even = _mm256_unpacklo_epi64(front, back);  // blocks 0 and 2
  const __m256i odd = _mm256_unpackhi_epi64(front, back);
  word[0] = _mm256_permute2x128_si256(even, odd, 0x20);
  word[1] = _mm256_permute2x128_si256(even, odd, 0x31);
}

/// BlockChunk::fill() with AVX2.
AXIOM_INLINE void fill_chunk_avx2(BlockChunk& chunk, const Stream& stream, std::uint32_t first) {
  for (std::uint32_t b = 0; b < BlockChunk::size; b += 8) {
    __m256i lower[4];
    __m256i upper[4];
    philox_blocks(stream, first + b, lower);
    philox_blocks(stream, first + b + 4, upper);
    for (int w = 0; w < 4; ++w) {
      const __m256 halves =
          _mm256_shuffle_ps(_mm256_castsi256_ps(lower[w]), _mm256_castsi256_ps(upper[w]), 0x88);
      _mm256_store_si256(reinterpret_cast<__m256i*>(chunk.word[w] + b),
                         _mm256_permute4x64_epi64(_mm256_castps_si256(halves), 0xd8));
    }
  }
}

}  // namespace axiom::arithmetic
