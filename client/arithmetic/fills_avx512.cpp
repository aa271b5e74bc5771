// Built with AVX-512 flags: nothing here may be shared with other translation units.
#include "client/arithmetic/fills.h"
#include "client/arithmetic/fills.inl"
#include "client/arithmetic/philox_avx2.inl"

namespace axiom::arithmetic::avx512 {

void fill_normal(const Stream& stream, float* out, std::size_t count) {
  normals(fill_chunk_avx2, stream, out, count);
}

}  // namespace axiom::arithmetic::avx512
