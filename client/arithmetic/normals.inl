// Standard normals by Box–Muller, for the instruction set of the including file.
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

AXIOM_INLINE void fill_normals(const Stream& stream, float* out, std::size_t count) {
  BlockChunk chunk;
  float normal[4][BlockChunk::size];
  for (std::size_t start = 0; start < count; start += BlockChunk::words) {
    chunk.fill(stream, static_cast<std::uint32_t>(start / 4));
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

}  // namespace axiom::arithmetic
