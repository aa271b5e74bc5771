// The highest rate of fused multiply-adds that one core reaches: independent chains in registers.
#pragma once

#include <cstdint>

#include "client/arithmetic/ops.h"

namespace axiom::cpu {

/// Chains of `rounds` vector FMAs each, twelve of which hide the latency; returns the
/// floating-point operations done.
template <class F, int chains = 12>
double fma_chain(std::int64_t rounds) {
  F sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = F::splat(static_cast<float>(i));
  const F factor = F::splat(0.999f);
  const F addend = F::splat(0.001f);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sum[i] = fma(sum[i], factor, addend);
  }
  alignas(64) float out[F::lanes];
  for (int i = 0; i < chains; ++i) {
    sum[i].store(out);
    asm volatile("" : : "r"(out) : "memory");
  }
  return 2.0 * F::lanes * chains * static_cast<double>(rounds);
}

}  // namespace axiom::cpu
