// Built with AVX2 and FMA flags: nothing here may be shared with other translation units.
#include "client/arithmetic/fills.h"
#include "client/arithmetic/fills.inl"
#include "client/arithmetic/philox_avx2.inl"

namespace axiom::arithmetic::avx2 {

void fill_normal(const Stream& stream, float* out, std::size_t count) {
  normals(fill_chunk_avx2, stream, out, count);
}
void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n) {
  permutation(fill_chunk_avx2, stream, out, n);
}

}  // namespace axiom::arithmetic::avx2
