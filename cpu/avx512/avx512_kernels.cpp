// Opens and closes the AVX-512 region: everything below is built for that instruction set.
#include "cpu/avx512/avx512_kernels.h"

#include "cpu/avx512/lanes.h"
#include "cpu/kernel_table.inl"

namespace axiom::cpu::avx512 {

constinit const Kernels kernels = kernel_table<Isa>();

}  // namespace axiom::cpu::avx512
