#include "cpu/avx512/lanes.h"
#include "tests/bench/fma_peak.inl"

namespace axiom::bench {

double fma_chain_avx512(long rounds) { return fma_chain<cpu::avx512::F32>(rounds); }

}  // namespace axiom::bench
