#include "cpu/avx512/avx512_backend.h"

#include "cpu/avx512/avx512_kernels.h"
#include "cpu/features.h"
#include "cpu/vector_backend.h"

namespace axiom {

namespace {

/// Whether a core starts two multiply-adds of 512 bits a cycle. Each takes four cycles, so eight of
/// them are under way then, else four (measured, 0.05 ms). Where there is no AVX-512, plans assume
/// one unit, which takes more memory.
bool two_units() {
  if (!cpu::avx512_unavailable().empty()) return false;
  constexpr std::int64_t rounds = 2000;  // 12 000 cycles on two units
  const cpu::Kernels& kernels = cpu::avx512::kernels;
  return cpu::peak_ratio(kernels.fma_chain, kernels.single_fma_chain, rounds) > 6;
}

const cpu::ZeroSkipping& zero_skipping() {
  static const cpu::ZeroSkipping skipping =
      two_units() ? cpu::zero_skipping_two_units : cpu::zero_skipping_one_unit;
  return skipping;
}

}  // namespace

const Backend& avx512_backend() {
  static const cpu::VectorBackend backend("avx512", cpu::avx512::kernels, zero_skipping,
                                          cpu::avx512_unavailable);
  return backend;
}

}  // namespace axiom
