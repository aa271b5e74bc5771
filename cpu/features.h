// What the processor and the operating system allow.
#pragma once

#include <string>

namespace axiom::cpu {

/// Why AVX2 with FMA cannot be used here, in a phrase; empty if it can. Asks CPUID for the
/// instructions and XGETBV whether the operating system saves the registers.
std::string avx2_unavailable();
/// The same for AVX-512 F.
std::string avx512_unavailable();

}  // namespace axiom::cpu
