// ∂L/∂W of a layer as a product whose sums run over samples, and the SGD update fused into its end.
#pragma once

#include "cpu/kernels.h"
#include "cpu/panel_matrices.inl"
#include "cpu/sparse_product.inl"
#include "cpu/tile.inl"

namespace axiom::cpu {

template <class Isa>
struct WeightGradient {
  using Matrices = PanelMatrices<Isa>;
  using Zero = typename Matrices::Zero;
  using Panels = typename Matrices::Panels;
  using F = typename Isa::Float;

  /// Sums continue from the gradient of earlier blocks.
  struct Load {
    const float* from;
    Index panel_stride;
    AXIOM_INLINE F operator()(Index panel, Index row, int v) const {
      return F::load(from + Matrices::at(panel_stride, panel, row, v));
    }
  };
  /// Takes a sum over the whole batch: w ← keep·w − lr·sum.
  struct Step {
    float* weights;
    Index panel_stride;
    F rate;
    F keep;
    Step(float* w, Index stride, const UpdateArguments& update)
        : weights(w),
          panel_stride(stride),
          rate(F::splat(update.negative_learning_rate)),
          keep(F::splat(update.keep)) {}
    AXIOM_INLINE void operator()(Index panel, Index row, int v, F sum) const {
      float* w = weights + Matrices::at(panel_stride, panel, row, v);
      fma(rate, sum, mul(F::load(w), keep)).store(w);
    }
  };

  /// Sums into `gradient`, continued from block to block; on the last block a Step.
  /// `panel_stride`: of both matrices.
  static AXIOM_INLINE void whole(const Product<float>& p, float* weights, float* gradient,
                                 Index panel_stride, const UpdateArguments& update) {
    const Load load{gradient, panel_stride};
    const Panels store{gradient, panel_stride};
    const Step step(weights, panel_stride, update);
    if (update.first_block && update.last_block) {
      product<Isa, F, Walk::along_rows>(p, Zero{}, step);
    } else if (update.first_block) {
      product<Isa, F, Walk::along_rows>(p, Zero{}, store);
    } else if (update.last_block) {
      product<Isa, F, Walk::along_rows>(p, load, step);
    } else {
      product<Isa, F, Walk::along_rows>(p, load, store);
    }
  }

  /// The same without the terms of inputs that are zero. REQUIRES: layer.input_bits is that of the
  /// block that `p` reads.
  static void but_for_zeros(const Product<float>& p, const NetworkBuffers& net,
                            const LayerBuffers& layer, const UpdateArguments& update) {
    const Index panel_stride = Matrices::stride(layer.fan_in);
    const Load load{layer.weight_gradient, panel_stride};
    const Panels store{layer.weight_gradient, panel_stride};
    const Step step(layer.weights, panel_stride, update);
    const bool first = update.first_block;
    const bool last = update.last_block;
    // One copy of the code for all four cases: the choice is the same for all rows.
    SparseProduct<Isa>::along_rows(
        p, layer.input_bits, net.capacity, net.non_zeros.bits,
        [=](Index panel, Index row, int v)
            __attribute__((always_inline)) { return first ? F::zero() : load(panel, row, v); },
        [ step, store, last ](Index panel, Index row, int v, F sum) __attribute__((always_inline)) {
          if (last) {
            step(panel, row, v, sum);
          } else {
            store(panel, row, v, sum);
          }
        });
  }
};

}  // namespace axiom::cpu
