// Training kernels, written once over an instruction set's lanes. See kernels.h for the buffers and
// docs/EXPERIMENTS.md ("One step") for the definition; cpu/reference is the plain version.
#pragma once

#include "client/arithmetic/functions.h"
#include "cpu/bias_update.inl"
#include "cpu/kernels.h"
#include "cpu/output_layer.inl"
#include "cpu/panel_matrices.inl"
#include "cpu/sparse_product.inl"
#include "cpu/tile.inl"
#include "cpu/unit_gradient.inl"
#include "cpu/weight_gradient.inl"

namespace axiom::cpu {

template <class Isa>
struct NetworkKernels {
  using Matrices = PanelMatrices<Isa>;
  using Zero = typename Matrices::Zero;
  using Panels = typename Matrices::Panels;
  using Output = OutputLayer<Isa>;
  using F = typename Isa::Float;
  using Unit = UnitGradient<F>;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Matrices::width;

  static constexpr auto stride = Matrices::stride;
  static constexpr auto at = Matrices::at;

  static void forward(const NetworkBuffers& net, int rows) {
    const float* input = net.inputs;
    const int last_hidden = net.layers - 2;
    for (int l = 0; l < last_hidden; ++l) {
      const LayerBuffers& layer = net.layer[l];
      forward_hidden(net, layer, input, rows, 0, layer.fan_out);
      input = layer.activations;
    }
    const LayerBuffers& last = net.layer[last_hidden];
    if (last.input_bits) {
      forward_hidden(net, last, input, rows, 0, last.fan_out);
      forward_output(net, rows);
      return;
    }
    Output::start(net, rows);
    for_each_panel(last, [&](Index panel, int units) {
      forward_hidden(net, last, input, rows, panel, units);
      Output::forward(net, rows, panel);
    });
  }

  /// Calls body(panel, units in it) for all panels of a layer's units.
  template <class Body>
  static AXIOM_INLINE void for_each_panel(const LayerBuffers& layer, Body body) {
    for (Index panel = 0; panel * width < layer.fan_out; ++panel) {
      const Index left = layer.fan_out - panel * width;
      body(panel, left < width ? static_cast<int>(left) : width);
    }
  }

  /// Activations of `units` units from panel `first_panel` on.
  static void forward_hidden(const NetworkBuffers& net, const LayerBuffers& layer,
                             const float* input, int rows, Index first_panel, int units) {
    if (layer.mask) {
      forward_hidden<true>(net, layer, input, rows, first_panel, units);
    } else {
      forward_hidden<false>(net, layer, input, rows, first_panel, units);
    }
  }

  // Vector stores may alias anything: what a loop needs is copied out of the structs first.
  template <bool dropout>
  static void forward_hidden(const NetworkBuffers& net, const LayerBuffers& layer,
                             const float* input, int rows, Index first_panel, int units) {
    const Index block = stride(net.capacity);
    const Index below = stride(layer.fan_in);
    const float* biases = layer.biases + first_panel * width;
    const float* mask = dropout ? layer.mask + first_panel * block : nullptr;
    float* activations = layer.activations + first_panel * block;
    const Product<float> p{input, block,       layer.weights + first_panel * below, below, rows,
                           units, layer.fan_in};
    const auto bias = [=](Index panel, Index, int v) __attribute__((always_inline)) {
      return F::load(biases + panel * width + v * lanes);
    };
    const auto activate = [=](Index panel, Index row, int v, F sum) __attribute__((always_inline)) {
      F h = arithmetic::relu(sum);
      if constexpr (dropout) h = mul(h, F::load(mask + at(block, panel, row, v)));
      h.store(activations + at(block, panel, row, v));
    };
    if (layer.input_bits) {  // ReLU makes +0 of either zero
      SparseProduct<Isa>::template along_sum<false>(
          p, net.non_zeros, layer.input_bits, net.capacity, activations, block, bias, activate);
    } else {
      product<Isa, F, Walk::along_sum>(p, bias, activate);
    }
  }

  static void forward_output(const NetworkBuffers& net, int rows) {
    Output::start(net, rows);
    for_each_panel(net.layer[net.layers - 2],
                   [&](Index panel, int) { Output::forward(net, rows, panel); });
  }

  /// Replaces the logits by ∂L/∂z = (p − y)·scale.
  static void output_deltas(const NetworkBuffers& net, int rows, float scale_value) {
    const int outputs = net.layer[net.layers - 1].fan_out;
    const Index out = stride(outputs);
    const F scale = F::splat(scale_value);
    for (int i = 0; i < rows; i += lanes) {
      const Index offset = (i / width) * out + i % width;
      float* z = net.outputs + offset;
      const float* y = net.targets + offset;
      if (net.sigmoid) {
        const F p = arithmetic::sigmoid(F::load(z));
        mul(sub(p, F::load(y)), scale).store(z);
        continue;
      }
      F largest = F::load(z);
      for (int j = 1; j < outputs; ++j) {
        const F other = F::load(z + j * width);
        largest = select(less(largest, other), other, largest);
      }
      F sum = F::zero();
      for (int j = 0; j < outputs; ++j) {
        const F e = arithmetic::exp(sub(F::load(z + j * width), largest));
        e.store(z + j * width);
        sum = add(sum, e);
      }
      for (int j = 0; j < outputs; ++j) {
        const F p = div(F::load(z + j * width), sum);
        mul(sub(p, F::load(y + j * width)), scale).store(z + j * width);
      }
    }
  }

  static void backward(const NetworkBuffers& net, int rows, const UpdateArguments& update) {
    const int last_hidden = net.layers - 2;
    const LayerBuffers& last = net.layer[last_hidden];
    output_deltas(net, rows, update.scale);
    for_each_panel(last, [&](Index panel, int units) {
      // One hidden layer: nothing else reads its deltas, and they take the memory of one panel.
      float* deltas = last.deltas + (last_hidden > 0 ? panel * stride(net.capacity) : 0);
      Output::template backward<true>(net, rows, panel, deltas, update);
      if (last_hidden == 0) {
        update_weights(net, last, net.inputs, rows, deltas, panel, units, update);
      }
    });
    BiasUpdate<Isa>::outputs(net, rows, update);
    for (int l = last_hidden; l > 0; --l) {
      const LayerBuffers& layer = net.layer[l];
      const LayerBuffers& below = net.layer[l - 1];
      hidden_deltas(net, layer, below, rows);
      update_weights(net, layer, below.activations, rows, layer.deltas, 0, layer.fan_out, update);
      if (layer.transposed && update.last_block) transpose_layer(layer);
      BiasUpdate<Isa>::hidden(net, below, rows, update);
    }
    if (last_hidden > 0) {
      const LayerBuffers& layer = net.layer[0];
      update_weights(net, layer, net.inputs, rows, layer.deltas, 0, layer.fan_out, update);
    }
  }

  static void input_gradients(const NetworkBuffers& net, int rows) {
    all_deltas(net, rows, 1.0f);
    const LayerBuffers& first = net.layer[0];
    const Index block = stride(net.capacity);
    const Product<float> p{first.deltas, block,        net.input_transposed, stride(first.fan_out),
                           rows,         first.fan_in, first.fan_out};
    product<Isa, F, Walk::along_sum>(p, Zero{}, Panels{net.input_gradients, block});
  }

  static void first_layer_gradient(const NetworkBuffers& net, int rows, float scale,
                                   bool first_block) {
    all_deltas(net, rows, scale);
    const LayerBuffers& first = net.layer[0];
    update_weights(net, first, net.inputs, rows, first.deltas, 0, first.fan_out,
                   {.scale = scale,
                    .negative_learning_rate = 0.0f,
                    .keep = 1.0f,
                    .first_block = first_block,
                    .last_block = false});
  }

  static void transpose_weights(const NetworkBuffers& net, bool first_layer) {
    for (int l = 1; l + 1 < net.layers; ++l) {
      if (net.layer[l].transposed) transpose_layer(net.layer[l]);
    }
    if (first_layer) {
      const LayerBuffers& layer = net.layer[0];
      Matrices::transpose(layer.weights, stride(layer.fan_in), layer.fan_in, layer.fan_out,
                          net.input_transposed, stride(layer.fan_out));
    }
  }

 private:
  /// ∂L/∂z of every layer, from the activations.
  static void all_deltas(const NetworkBuffers& net, int rows, float scale) {
    forward_output(net, rows);
    output_deltas(net, rows, scale);
    const LayerBuffers& last = net.layer[net.layers - 2];
    for_each_panel(last, [&](Index panel, int) {
      float* deltas = last.deltas + panel * stride(net.capacity);
      Output::template backward<false>(net, rows, panel, deltas, {});
    });
    for (int l = net.layers - 2; l > 0; --l) {
      hidden_deltas(net, net.layer[l], net.layer[l - 1], rows);
    }
  }

  /// Where the deltas of a hidden layer go.
  template <bool dropout>
  struct DeltaSink {
    const float* mask;
    const float* activations;
    float* deltas;

    explicit DeltaSink(const LayerBuffers& layer)
        : mask(layer.mask), activations(layer.activations), deltas(layer.deltas) {}
    AXIOM_INLINE void store(Index offset, F sum) const {
      const float* factor = dropout ? mask + offset : nullptr;
      Unit::template passed_on<dropout>(sum, activations + offset, factor).store(deltas + offset);
    }
  };

  /// Deltas of the layer below `layer`: dz = (d·Wᵀ) masked.
  static void hidden_deltas(const NetworkBuffers& net, const LayerBuffers& layer,
                            const LayerBuffers& below, int rows) {
    if (below.mask) {
      hidden_deltas<true>(net, layer, below, rows);
    } else {
      hidden_deltas<false>(net, layer, below, rows);
    }
  }

  template <bool dropout>
  static void hidden_deltas(const NetworkBuffers& net, const LayerBuffers& layer,
                            const LayerBuffers& below, int rows) {
    const DeltaSink<dropout> sink(below);
    const Index block = stride(net.capacity);
    const Index from = stride(layer.fan_out);
    const Index to = stride(layer.fan_in);
    if (layer.transposed) {
      const Product<float> p{layer.deltas, block,        layer.transposed, from,
                             rows,         layer.fan_in, layer.fan_out};
      const auto finish = [=](Index panel, Index row, int v, F sum) __attribute__((always_inline)) {
        sink.store(at(block, panel, row, v), sum);
      };
      if (layer.input_bits) {
        SparseProduct<Isa>::template along_sum<true>(p, net.non_zeros, net.non_zeros.bits, 0,
                                                     below.deltas, block, Zero{}, finish);
      } else {
        product<Isa, F, Walk::along_sum>(p, Zero{}, finish);
      }
      return;
    }
    // The same sums with lanes over the samples, (W·dᵀ)ᵀ: the weights are read as they lie.
    Matrices::transpose(layer.deltas, block, rows, layer.fan_out, net.deltas_transposed, from);
    const Product<float> p{layer.weights, to,   net.deltas_transposed, from,
                           layer.fan_in,  rows, layer.fan_out};
    product<Isa, F, Walk::along_sum>(p, Zero{}, Panels{net.sums_transposed, to});
    Matrices::transpose_each(
        net.sums_transposed, to, layer.fan_in,
        rows, [=](Index unit, Index sample, F sum) __attribute__((always_inline)) {
          sink.store((unit / width) * block + sample * width + unit % width, sum);
        });
  }

  /// Of `units` units from panel `first_panel` on, from their deltas.
  static void update_weights(const NetworkBuffers& net, const LayerBuffers& layer,
                             const float* input, int rows, const float* deltas, Index first_panel,
                             int units, const UpdateArguments& update) {
    const Index block = stride(net.capacity);
    const Product<float> p{input, block, deltas, block, layer.fan_in, units, rows};
    if (layer.input_bits) {
      WeightGradient<Isa>::but_for_zeros(p, net, layer, update);
      return;
    }
    const Index below = stride(layer.fan_in);
    float* gradient = layer.weight_gradient;
    WeightGradient<Isa>::whole(p, layer.weights + first_panel * below,
                               gradient ? gradient + first_panel * below : nullptr, below, update);
  }

  static void transpose_layer(const LayerBuffers& layer) {
    Matrices::transpose(layer.weights, stride(layer.fan_in), layer.fan_in, layer.fan_out,
                        layer.transposed, stride(layer.fan_out));
  }
};

}  // namespace axiom::cpu
