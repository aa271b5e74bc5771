#include "cpu/avx2/lanes.h"
#include "tests/bench/fma_peak.inl"

namespace axiom::bench {

double fma_chain_avx2(long rounds) { return fma_chain<cpu::avx2::F32>(rounds); }

}  // namespace axiom::bench
