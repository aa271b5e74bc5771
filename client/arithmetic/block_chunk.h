// Many Philox blocks at once, for the functions that fill arrays. Internal to the arithmetic.
#pragma once

#include <cstdint>

#include "client/arithmetic/streams.h"

namespace axiom::arithmetic {

/// Consecutive blocks, word by word: word[w][b] is word w of block first + b. Structure of arrays,
/// so that the compiler vectorises the loops over b.
struct BlockChunk {
  static constexpr std::uint32_t size = 64;
  static constexpr std::uint32_t words = 4 * size;
  alignas(64) std::uint32_t word[4][size];

  /// On any processor; philox_avx2.inl has the same with AVX2.
  AXIOM_INLINE void fill(const Stream& stream, std::uint32_t first) {
    for (std::uint32_t b = 0; b < size; ++b) {
      const PhiloxBlock block = stream.block(first + b);
      for (int w = 0; w < 4; ++w) word[w][b] = block.word[w];
    }
  }
};

}  // namespace axiom::arithmetic
