#include "client/arithmetic/streams.h"

#include <algorithm>

#include "client/arithmetic/block_chunk.h"
#include "client/arithmetic/fills.h"

namespace axiom::arithmetic {
namespace {

#if defined(__x86_64__)
// Both also ask whether the operating system saves the registers.
bool has_avx512() {
  static const bool has = __builtin_cpu_supports("avx512f");
  return has;
}
bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}
#endif

}  // namespace

void fill_normal(const Stream& stream, float* out, std::size_t count) {
#if defined(__x86_64__)
  if (has_avx512()) return avx512::fill_normal(stream, out, count);
  if (has_avx2()) return avx2::fill_normal(stream, out, count);
#endif
  baseline::fill_normal(stream, out, count);
}

// Neither of these with AVX-512, which slows the clock of what else uses AVX2 and gains little
// here.
void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n) {
#if defined(__x86_64__)
  if (has_avx2()) return avx2::fill_permutation(stream, out, n);
#endif
  baseline::fill_permutation(stream, out, n);
}

void fill_factors(const Stream& stream, std::uint32_t first, std::uint32_t threshold, float kept,
                  float* out, std::size_t count) {
#if defined(__x86_64__)
  if (has_avx2()) return avx2::fill_factors(stream, first, threshold, kept, out, count);
#endif
  baseline::fill_factors(stream, first, threshold, kept, out, count);
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

std::uint64_t mixed_seed(std::uint64_t seed, std::uint32_t i) {
  if (i == 0) return seed;
  const Stream stream{seed, 0, 0, Purpose::seed_mixing, 0};
  const PhiloxBlock block = stream.block(i);
  return (std::uint64_t{block.word[1]} << 32) | block.word[0];
}

}  // namespace axiom::arithmetic
