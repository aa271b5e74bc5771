// The functions of fills.h, for the instruction set of the including file.
#pragma once

#include "client/arithmetic/block_chunk.h"

namespace axiom::arithmetic {

/// Box–Muller on two words (docs/RANDOM_STREAMS.md).
AXIOM_INLINE void normal_pair(std::uint32_t a, std::uint32_t b, float& even, float& odd) {
  const float u1 = mul(to_float(static_cast<std::int32_t>((a >> 8) + 1)), 0x1p-24f);
  const float u2 = mul(to_float(static_cast<std::int32_t>(b >> 8)), 0x1p-24f);
  const float r = sqrt(mul(-2.0f, log(u1)));
  float sine;
  float cosine;
  sincos_turns(u2, sine, cosine);
  even = mul(r, cosine);
  odd = mul(r, sine);
}

/// `fill_chunk(chunk, stream, first)`: BlockChunk::fill().
template <class FillChunk>
AXIOM_INLINE void normals(FillChunk fill_chunk, const Stream& stream, float* out,
                          std::size_t count) {
  BlockChunk chunk;
  float normal[4][BlockChunk::size];
  for (std::size_t start = 0; start < count; start += BlockChunk::words) {
    fill_chunk(chunk, stream, static_cast<std::uint32_t>(start / 4));
    for (int pair = 0; pair < 4; pair += 2) {
      for (std::uint32_t b = 0; b < BlockChunk::size; ++b) {
        normal_pair(chunk.word[pair][b], chunk.word[pair + 1][b], normal[pair][b],
                    normal[pair + 1][b]);
      }
    }
    const std::size_t left = count - start;
    const std::size_t wanted = left < BlockChunk::words ? left : BlockChunk::words;
    for (std::size_t i = 0; i < wanted; ++i) out[start + i] = normal[i % 4][i / 4];
  }
}

/// From the last chunk to the first, since the exchanges run downwards.
template <class FillChunk>
AXIOM_INLINE void permutation(FillChunk fill_chunk, const Stream& stream, std::int32_t* out,
                              std::int32_t n) {
  for (std::int32_t i = 0; i < n; ++i) out[i] = i;
  BlockChunk chunk;
  constexpr auto size = static_cast<std::int32_t>(BlockChunk::size);
  constexpr auto words = static_cast<std::int32_t>(BlockChunk::words);
  for (std::int32_t start = (n - 1) / words * words; start >= 0; start -= words) {
    fill_chunk(chunk, stream, static_cast<std::uint32_t>(start / 4));
    for (std::int32_t w = 0; w < 4; ++w) {  // words become partners: below(i, i + 1)
      for (std::int32_t b = 0; b < size; ++b) {
        const auto i = static_cast<std::uint32_t>(start + 4 * b + w);
        chunk.word[w][b] = scaled(chunk.word[w][b], i + 1);
      }
    }
    for (std::int32_t b = size - 1; b >= 0; --b) {
      for (std::int32_t w = 3; w >= 0; --w) {
        const std::int32_t i = start + 4 * b + w;
        if (i >= n) continue;  // i = 0 is exchanged with itself
        const std::uint32_t j = chunk.word[w][b];
        const std::int32_t moved = out[i];
        out[i] = out[j];
        out[j] = moved;
      }
    }
  }
}

}  // namespace axiom::arithmetic
