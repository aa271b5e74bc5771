// The kernel table of AVX-512. Calling it needs a processor and operating system that support it.
#pragma once

#include "cpu/kernels.h"

namespace axiom::cpu::avx512 {

extern const Kernels kernels;

}  // namespace axiom::cpu::avx512
