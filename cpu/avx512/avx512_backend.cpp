#include "cpu/avx512/avx512_backend.h"

#include "cpu/avx512/avx512_kernels.h"
#include "cpu/features.h"
#include "cpu/vector_backend.h"

namespace axiom {

const Backend& avx512_backend() {
  static const cpu::VectorBackend backend("avx512", cpu::avx512::kernels, cpu::avx512_unavailable);
  return backend;
}

}  // namespace axiom
