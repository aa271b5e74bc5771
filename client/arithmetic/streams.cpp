#include "client/arithmetic/streams.h"

#include <algorithm>
#include <utility>

#include "client/arithmetic/block_chunk.h"
#include "client/arithmetic/normals.h"

namespace axiom::arithmetic {
namespace {

std::uint32_t scaled(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

}  // namespace

void fill_normal(const Stream& stream, float* out, std::size_t count) {
#if defined(__x86_64__)
  // All also ask whether the operating system saves the registers.
  static const bool wide_vectors = __builtin_cpu_supports("avx512f");
  if (wide_vectors) return avx512::fill_normal(stream, out, count);
  static const bool vectors = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (vectors) return avx2::fill_normal(stream, out, count);
#endif
  baseline::fill_normal(stream, out, count);
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
