// Gradients of biases, sums over samples, and their SGD update.
#pragma once

#include "client/arithmetic/ops.h"
#include "cpu/kernels.h"
#include "cpu/panel_matrices.inl"
#include "cpu/unit_gradient.inl"

namespace axiom::cpu {

template <class Isa>
struct BiasUpdate {
  using Matrices = PanelMatrices<Isa>;
  using F = typename Isa::Float;
  using Unit = UnitGradient<F>;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Matrices::width;

  /// From ∂L/∂z of the output layer.
  static void outputs(const NetworkBuffers& net, int rows, const UpdateArguments& update) {
    const LayerBuffers& layer = net.layer[net.layers - 1];
    constexpr int most = 5;  // chains of additions beside each other
    for (int first = 0; first < layer.fan_out; first += most) {
      const auto run = [&]<int count>() __attribute__((always_inline)) {
        outputs<count>(net, layer, first, rows, update);
      };
      with_count<most>(layer.fan_out - first < most ? layer.fan_out - first : most, run);
    }
  }

  /// From a hidden layer's deltas. A panel at a time: a sum over samples is a chain of additions,
  /// so two are better than one.
  static void hidden(const NetworkBuffers& net, const LayerBuffers& layer, int rows,
                     const UpdateArguments& update) {
    constexpr int vectors = Isa::tile_vectors;
    const Index block = Matrices::stride(net.capacity);
    for (int j = 0; j < layer.fan_out; j += width) {
      const float* d = layer.deltas + (j / width) * block;
      F sum[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[v] = Unit::bias_sum(layer, j + v * lanes, update);
      for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[v] = add(sum[v], F::load(d + i * width + v * lanes));
      }
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) Unit::take_bias_sum(layer, j + v * lanes, sum[v], update);
    }
  }

 private:
  /// Of outputs first … first + count − 1.
  template <int count>
  static AXIOM_INLINE void outputs(const NetworkBuffers& net, const LayerBuffers& layer, int first,
                                   int rows, const UpdateArguments& update) {
    const Index out = Matrices::stride(layer.fan_out);
    float sum[count];
    for (int j = 0; j < count; ++j) {
      sum[j] = update.first_block ? 0.0f : layer.bias_gradient[first + j];
    }
    const float* d = net.outputs + first * width;
    for (int i0 = 0; i0 < rows; i0 += width, d += out) {
      const Index end = rows - i0 < width ? rows - i0 : width;
      for (Index i = 0; i < end; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < count; ++j) sum[j] = arithmetic::add(sum[j], d[j * width + i]);
      }
    }
    for (int j = 0; j < count; ++j) take(layer, first + j, sum[j], update);
  }

  static AXIOM_INLINE void take(const LayerBuffers& layer, int j, float sum,
                                const UpdateArguments& update) {
    if (update.last_block) {
      layer.biases[j] = arithmetic::fma(update.negative_learning_rate, sum, layer.biases[j]);
    } else {
      layer.bias_gradient[j] = sum;
    }
  }
};

}  // namespace axiom::cpu
