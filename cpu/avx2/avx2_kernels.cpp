// Opens and closes the AVX2 region: everything below is built for that instruction set.
#include "cpu/avx2/avx2_kernels.h"

#include "cpu/avx2/lanes.h"
#include "cpu/kernel_table.inl"

namespace axiom::cpu::avx2 {

constinit const Kernels kernels = kernel_table<Isa>();

}  // namespace axiom::cpu::avx2
