// Built with AVX-512 flags: nothing here may be shared with other translation units.
#include "client/arithmetic/normals.h"
#include "client/arithmetic/normals.inl"

namespace axiom::arithmetic::avx512 {

void fill_normal(const Stream& stream, float* out, std::size_t count) {
  fill_normals(stream, out, count);
}

}  // namespace axiom::arithmetic::avx512
