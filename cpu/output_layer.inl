// The output layer, a panel of hidden units at a time: all that reads a panel's activations happens
// while they are in the first-level cache. Few outputs: lanes run over samples in the forward pass
// and over units in the backward pass.
#pragma once

#include "cpu/kernels.h"
#include "cpu/panel_matrices.inl"
#include "cpu/tile.inl"
#include "cpu/unit_gradient.inl"
#include "cpu/weight_gradient.inl"

namespace axiom::cpu {

template <class Isa>
struct OutputLayer {
  using Matrices = PanelMatrices<Isa>;
  using Gradient = WeightGradient<Isa>;
  using F = typename Isa::Float;
  using Unit = UnitGradient<F>;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Matrices::width;
  static constexpr int vectors = Isa::tile_vectors;
  /// Outputs taken at once: as many as the experiments have, so that their sums fit the registers.
  static constexpr int most = 5;

  /// Logits begin as the biases.
  static void start(const NetworkBuffers& net, int rows) {
    const LayerBuffers& layer = net.layer[net.layers - 1];
    const Index out = Matrices::stride(layer.fan_out);
    for (int i = 0; i < rows; i += lanes) {
      float* z = logits(net, out, i);
      for (int j = 0; j < layer.fan_out; ++j) F::broadcast(layer.biases + j).store(z + j * width);
    }
  }

  /// Adds the terms of a panel's units to all logits. REQUIRES: start(), then panels upwards.
  static void forward(const NetworkBuffers& net, int rows, Index panel) {
    const LayerBuffers& layer = net.layer[net.layers - 1];
    const Index out = Matrices::stride(layer.fan_out);
    const float* weights = layer.transposed + panel * out;
    const float* units = net.layer[net.layers - 2].activations + panel * block(net);
    const Index end = layer.fan_in - panel * width;
    for (int first = 0; first < layer.fan_out; first += most) {
      const auto run = [&]<int count>() __attribute__((always_inline)) {
        for (Index unit = 0; unit < width && unit < end; unit += lanes) {
          const float* w = weights + first * width + unit;
          const Index left = end - unit;
          // Two groups of samples share the broadcast weights, where these are many.
          constexpr int groups = count > 2 ? vectors : 1;
          for (Index i = 0; i < rows; i += groups * lanes) {
            float* z = logits(net, out, i) + first * width;
            const float* h = units + i * width + unit;
            if (left >= lanes) {
              add_units<count, groups, true>(h, w, lanes, z);
            } else {
              add_units<count, groups, false>(h, w, left, z);
            }
          }
        }
      };
      with_count<most>(layer.fan_out - first < most ? layer.fan_out - first : most, run);
    }
  }

  /// From ∂L/∂z of the outputs to a panel of the last hidden layer's deltas (rows × width), which
  /// are d·Wᵀ where the activation is > 0, times the dropout factor. In training also steps the
  /// panel's output weights and hidden biases.
  template <bool training>
  static void backward(const NetworkBuffers& net, int rows, Index panel, float* deltas,
                       const UpdateArguments& update) {
    if (net.layer[net.layers - 2].mask) {
      backward<training, true>(net, rows, panel, deltas, update);
    } else {
      backward<training, false>(net, rows, panel, deltas, update);
    }
  }

 private:
  static Index block(const NetworkBuffers& net) { return Matrices::stride(net.capacity); }
  /// Of samples i … i + lanes − 1, output 0.
  static float* logits(const NetworkBuffers& net, Index out, Index i) {
    return net.outputs + (i / width) * out + i % width;
  }

  /// z[j] += Σ over `units` ≤ lanes units of w[j][unit]·h[·][unit], units upwards; `all`: lanes.
  /// groups: times lanes samples.
  template <int outputs, int groups, bool all>
  static AXIOM_INLINE void add_units(const float* h, const float* w, Index units, float* z) {
    F sum[groups][outputs];
    F samples[groups][lanes];
#pragma GCC unroll 4
    for (int g = 0; g < groups; ++g) {
#pragma GCC unroll 8
      for (int j = 0; j < outputs; ++j) sum[g][j] = F::load(z + j * width + g * lanes);
      Isa::transpose(
          h + g * lanes * width, width, [&](int unit, F values) __attribute__((always_inline)) {
            samples[g][unit] = values;
          });
    }
#pragma GCC unroll 16
    for (int unit = 0; unit < lanes; ++unit) {
      if (!all && unit >= units) break;  // a term of zeros could turn −0 into +0
#pragma GCC unroll 8
      for (int j = 0; j < outputs; ++j) {
        const F left = F::broadcast(w + j * width + unit);
#pragma GCC unroll 4
        for (int g = 0; g < groups; ++g) sum[g][j] = fma(left, samples[g][unit], sum[g][j]);
      }
    }
#pragma GCC unroll 4
    for (int g = 0; g < groups; ++g) {
#pragma GCC unroll 8
      for (int j = 0; j < outputs; ++j) sum[g][j].store(z + j * width + g * lanes);
    }
  }

  template <bool training, bool dropout>
  static void backward(const NetworkBuffers& net, int rows, Index panel, float* deltas,
                       const UpdateArguments& update) {
    const int outputs = net.layer[net.layers - 1].fan_out;
    for (int first = 0; first < outputs; first += most) {
      const auto run = [&]<int count>() __attribute__((always_inline)) {
        backward<training, dropout, count>(net, rows, panel, deltas, update, first);
      };
      with_count<most>(outputs - first < most ? outputs - first : most, run);
    }
  }

  /// The terms of outputs first … first + outputs − 1.
  template <bool training, bool dropout, int outputs>
  static void backward(const NetworkBuffers& net, int rows, Index panel, float* deltas,
                       const UpdateArguments& update, int first) {
    const LayerBuffers& layer = net.layer[net.layers - 1];
    const LayerBuffers& hidden = net.layer[net.layers - 2];
    const Index out = Matrices::stride(layer.fan_out);
    const bool begins = first == 0;
    const bool ends = first + outputs == layer.fan_out;
    const float* mask = dropout ? hidden.mask + panel * block(net) : nullptr;
    const float* weights = layer.transposed + panel * out + first * width;
    Sums<outputs> sums;
    if constexpr (training) sums.begin(layer, hidden, panel, first, update);
    // The weights stay in registers where these hold them beside the sums.
    constexpr bool keeps = (2 * outputs + 3) * vectors + 2 <= Isa::registers;
    F kept[outputs][vectors];
    if constexpr (keeps) {
      each<outputs>([&](int j, int v) __attribute__((always_inline)) {
        kept[j][v] = F::load(weights + j * width + v * lanes);
      });
    }
    const float* h = hidden.activations + panel * block(net);
    const float* d = net.outputs + first * width;
    for (Index i0 = 0; i0 < rows; i0 += width, d += out) {
      const Index count = rows - i0 < width ? rows - i0 : width;
      for (Index i = 0; i < count; ++i, h += width, deltas += width) {
        F delta[vectors];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          delta[v] = begins ? F::zero() : F::load(deltas + v * lanes);
        }
#pragma GCC unroll 8
        for (int j = 0; j < outputs; ++j) {
          const F left = F::broadcast(d + i + j * width);
#pragma GCC unroll 4
          for (int v = 0; v < vectors; ++v) {
            const F right = keeps ? kept[j][v] : F::load(weights + j * width + v * lanes);
            delta[v] = fma(left, right, delta[v]);
            if constexpr (training) {
              sums.gradient[j][v] = fma(left, F::load(h + v * lanes), sums.gradient[j][v]);
            }
          }
        }
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          if (ends) {
            const float* factor = dropout ? mask + (i0 + i) * width + v * lanes : nullptr;
            delta[v] = Unit::template passed_on<dropout>(delta[v], h + v * lanes, factor);
            if constexpr (training) sums.biases[v] = add(sums.biases[v], delta[v]);
          }
          delta[v].store(deltas + v * lanes);
        }
      }
    }
    if constexpr (training) sums.end(layer, hidden, panel, first, update);
  }

  /// Sums over samples: ∂L/∂W of a panel's output weights, and of its hidden biases, which only the
  /// last outputs complete.
  template <int outputs>
  struct Sums {
    F gradient[outputs][vectors];
    F biases[vectors];

    AXIOM_INLINE void begin(const LayerBuffers& layer, const LayerBuffers& hidden, Index panel,
                            int first, const UpdateArguments& update) {
      const typename Gradient::Load earlier{layer.weight_gradient, Matrices::stride(layer.fan_out)};
      each<outputs>([&](int j, int v) __attribute__((always_inline)) {
        gradient[j][v] = update.first_block ? F::zero() : earlier(panel, first + j, v);
      });
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        biases[v] = Unit::bias_sum(hidden, panel * width + v * lanes, update);
      }
    }

    AXIOM_INLINE void end(const LayerBuffers& layer, const LayerBuffers& hidden, Index panel,
                          int first, const UpdateArguments& update) const {
      const Index out = Matrices::stride(layer.fan_out);
      const typename Gradient::Step step(layer.transposed, out, update);
      const typename Matrices::Panels store{layer.weight_gradient, out};
      each<outputs>([&](int j, int v) __attribute__((always_inline)) {
        if (update.last_block) {
          step(panel, first + j, v, gradient[j][v]);
        } else {
          store(panel, first + j, v, gradient[j][v]);
        }
      });
      if (first + outputs < layer.fan_out) return;
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        Unit::take_bias_sum(hidden, panel * width + v * lanes, biases[v], update);
      }
    }
  };

  template <int outputs, class Body>
  static AXIOM_INLINE void each(Body body) {
#pragma GCC unroll 8
    for (int j = 0; j < outputs; ++j) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) body(j, v);
    }
  }
};

}  // namespace axiom::cpu
