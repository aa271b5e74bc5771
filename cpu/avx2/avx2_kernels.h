// The kernel table of AVX2. Calling it needs a processor and operating system that support it.
#pragma once

#include "cpu/kernels.h"

namespace axiom::cpu::avx2 {

extern const Kernels kernels;

}  // namespace axiom::cpu::avx2
