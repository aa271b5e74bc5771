// The AVX-512 tile shapes on AVX2 registers (see wide_backend.cpp).
#pragma once

#include "cpu/kernels.h"

namespace axiom::test {

/// REQUIRES to call: AVX2.
const cpu::Kernels& wide_kernels();

}  // namespace axiom::test
