// Fills the kernel table from the templates, for the instruction set of the including file.
#pragma once

#include "cpu/block_gather.inl"
#include "cpu/cholesky.inl"
#include "cpu/fma_chain.inl"
#include "cpu/gram.inl"
#include "cpu/matrix_kernels.inl"
#include "cpu/network_kernels.inl"
#include "cpu/tridiagonal.inl"

namespace axiom::cpu {

template <class Isa>
constexpr Kernels kernel_table() {
  using Network = NetworkKernels<Isa>;
  return {Network::width,
          BlockGather<Isa>::gather,
          Network::forward,
          Network::backward,
          Network::input_gradients,
          Network::first_layer_gradient,
          Network::transpose_weights,
          {MatrixKernels<Isa>::transposed_product, Gram<Isa>::gram, Tridiagonal<Isa>::reduce,
           Cholesky<Isa>::factor, Gram<Isa>::gram_of_activations, Gram<Isa>::reduced_gram,
           Gram<Isa>::centred_kernel},
          fma_chain<typename Isa::Float>,
          fma_chain<typename Isa::Float, 1>};
}

}  // namespace axiom::cpu
