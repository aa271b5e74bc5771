#include "cpu/avx2/avx2_backend.h"

#include "cpu/avx2/avx2_kernels.h"
#include "cpu/features.h"
#include "cpu/vector_backend.h"

namespace axiom {

const Backend& avx2_backend() {
  static const cpu::VectorBackend backend(
      "avx2", cpu::avx2::kernels, cpu::always<cpu::zero_skipping_avx2>, cpu::avx2_unavailable);
  return backend;
}

}  // namespace axiom
