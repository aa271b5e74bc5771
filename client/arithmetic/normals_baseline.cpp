#include "client/arithmetic/normals.h"
#include "client/arithmetic/normals.inl"

namespace axiom::arithmetic::baseline {

void fill_normal(const Stream& stream, float* out, std::size_t count) {
  fill_normals(stream, out, count);
}

}  // namespace axiom::arithmetic::baseline
