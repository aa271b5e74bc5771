#include "client/arithmetic/streams.h"

#include <algorithm>
#include <utility>

namespace axiom::arithmetic {
namespace {

/// Consecutive blocks, word by word: word[w][b] is word w of block first + b. Structure of arrays,
/// so that the compiler vectorises the loops over b.
struct BlockChunk {
  static constexpr std::uint32_t size = 64;
  static constexpr std::uint32_t words = 4 * size;
  std::uint32_t word[4][size];

  void fill(const Stream& stream, std::uint32_t first) {
    for (std::uint32_t b = 0; b < size; ++b) {
      const PhiloxBlock block = stream.block(first + b);
      for (int w = 0; w < 4; ++w) word[w][b] = block.word[w];
    }
  }
};

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

std::uint32_t scaled(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

}  // namespace

void fill_normal(const Stream& stream, float* out, std::size_t count) {
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
    const std::size_t wanted = std::min<std::size_t>(BlockChunk::words, count - start);
    for (std::size_t i = 0; i < wanted; ++i) out[start + i] = normal[i % 4][i / 4];
  }
}

void fill_below(const Stream& stream, std::uint32_t n, std::int32_t* out, std::size_t count) {
  BlockChunk chunk;
  for (std::size_t start = 0; start < count; start += BlockChunk::words) {
    chunk.fill(stream, static_cast<std::uint32_t>(start / 4));
    const std::size_t wanted = std::min<std::size_t>(BlockChunk::words, count - start);
    for (std::size_t i = 0; i < wanted; ++i) {
      out[start + i] = static_cast<std::int32_t>(scaled(chunk.word[i % 4][i / 4], n));
    }
  }
}

void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n) {
  for (std::int32_t i = 0; i < n; ++i) out[i] = i;
  if (n < 2) return;
  // From the last chunk to the first, since the exchanges run downwards.
  BlockChunk chunk;
  const auto last = static_cast<std::uint32_t>(n - 1);
  for (std::uint32_t start = last / BlockChunk::words * BlockChunk::words, end = last;;
       start -= BlockChunk::words) {
    chunk.fill(stream, start / 4);
    for (std::uint32_t i = end; i >= std::max(start, 1u); --i) {
      const std::uint32_t j = scaled(chunk.word[i % 4][i / 4 % BlockChunk::size], i + 1);
      std::swap(out[i], out[j]);
    }
    if (start == 0) break;
    end = start - 1;
  }
}

std::uint64_t mixed_seed(std::uint64_t seed, std::uint32_t i) {
  if (i == 0) return seed;
  const Stream stream{seed, 0, 0, Purpose::seed_mixing, 0};
  const PhiloxBlock block = stream.block(i);
  return (std::uint64_t{block.word[1]} << 32) | block.word[0];
}

}  // namespace axiom::arithmetic
