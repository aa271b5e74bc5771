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

}  // namespace axiom::arithmetic::baseline
