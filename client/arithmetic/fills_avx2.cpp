// Built with AVX2 and FMA flags: nothing here may be shared with other translation units.
#include "client/arithmetic/fills.h"

#include <cstring>

#include "client/arithmetic/fills.inl"
#include "client/arithmetic/philox_avx2.inl"

namespace axiom::arithmetic::avx2 {

void fill_normal(const Stream& stream, float* out, std::size_t count) {
  normals(fill_chunk_avx2, stream, out, count);
}
void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n) {
  permutation(fill_chunk_avx2, stream, out, n);
}
void fill_factors(const Stream& stream, std::uint32_t first, std::uint32_t threshold, float kept,
                  float* out, std::size_t count) {
  if (std::uint64_t{first} + count > std::uint64_t{1} << 32) {
    return baseline::fill_factors(stream, first, threshold, kept, out, count);
  }
  const __m256i limit = _mm256_set1_epi32(static_cast<std::int32_t>(threshold));
  const __m256 value = _mm256_set1_ps(kept);
  std::size_t before = first % 4;  // words of the first block that are not wanted
  std::uint32_t block = first / 4;
  for (std::size_t done = 0; done < count; block += 4) {
    __m256i words[2];
    philox_words(stream, block, words);
    alignas(32) float factors[16];
    for (int half = 0; half < 2; ++half) {
      const __m256i keeps = _mm256_cmpeq_epi32(_mm256_max_epu32(words[half], limit), words[half]);
      _mm256_store_ps(factors + 8 * half, _mm256_and_ps(_mm256_castsi256_ps(keeps), value));
    }
    const std::size_t some = count - done < 16 - before ? count - done : 16 - before;
    if (some == 16) {  // a known number of bytes: two instructions
      std::memcpy(out + done, factors, sizeof factors);
    } else {
      std::memcpy(out + done, factors + before, some * sizeof(float));
    }
    done += some;
    before = 0;
  }
}

}  // namespace axiom::arithmetic::avx2
