// What hidden units make of a gradient: passed on through ReLU and dropout, summed for their
// biases.
#pragma once

#include "client/arithmetic/ops.h"
#include "cpu/kernels.h"

namespace axiom::cpu {

template <class F>
struct UnitGradient {
  /// ∂L/∂z of lanes units: `sum` where the activation is > 0, times the dropout factor.
  template <bool dropout>
  static AXIOM_INLINE F passed_on(F sum, const float* activation, const float* factor) {
    if constexpr (dropout) sum = mul(sum, F::load(factor));
    return select(less(F::zero(), F::load(activation)), sum, F::zero());
  }

  /// Where the sums over samples for the biases from `unit` on begin.
  static AXIOM_INLINE F bias_sum(const LayerBuffers& layer, std::ptrdiff_t unit,
                                 const UpdateArguments& update) {
    return update.first_block ? F::zero() : F::load(layer.bias_gradient + unit);
  }

  /// Where they end: b ← b − lr·sum, or kept for the next block.
  static AXIOM_INLINE void take_bias_sum(const LayerBuffers& layer, std::ptrdiff_t unit, F sum,
                                         const UpdateArguments& update) {
    if (update.last_block) {
      float* bias = layer.biases + unit;
      fma(F::splat(update.negative_learning_rate), sum, F::load(bias)).store(bias);
    } else {
      sum.store(layer.bias_gradient + unit);
    }
  }
};

}  // namespace axiom::cpu
