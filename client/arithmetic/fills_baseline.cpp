#include "client/arithmetic/fills.h"
#include "client/arithmetic/fills.inl"

namespace axiom::arithmetic::baseline {

namespace {
void fill_chunk(BlockChunk& chunk, const Stream& stream, std::uint32_t first) {
  chunk.fill(stream, first);
}
}  // namespace

void fill_normal(const Stream& stream, float* out, std::size_t count) {
  normals(fill_chunk, stream, out, count);
}
void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n) {
  permutation(fill_chunk, stream, out, n);
}
void fill_factors(const Stream& stream, std::uint32_t first, std::uint32_t threshold, float kept,
                  float* out, std::size_t count) {
  PhiloxBlock block{};
  for (std::size_t i = 0; i < count; ++i, ++first) {
    if (i == 0 || first % 4 == 0) block = stream.block(first / 4);
    out[i] = block.word[first % 4] < threshold ? 0.0f : kept;
  }
}

}  // namespace axiom::arithmetic::baseline
