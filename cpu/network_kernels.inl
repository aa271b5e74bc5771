// Training kernels, written once over an instruction set's lanes. See kernels.h for the buffers and
// docs/EXPERIMENTS.md ("One step") for the definition; cpu/reference is the plain version.
#pragma once

#include "client/arithmetic/functions.h"
#include "cpu/kernels.h"
#include "cpu/panel_matrices.inl"
#include "cpu/sparse_product.inl"
#include "cpu/tile.inl"
#include "cpu/weight_gradient.inl"

namespace axiom::cpu {

template <class Isa>
struct NetworkKernels {
  using Matrices = PanelMatrices<Isa>;
  using Zero = typename Matrices::Zero;
  using Panels = typename Matrices::Panels;
  using F = typename Isa::Float;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Matrices::width;

  static constexpr auto stride = Matrices::stride;
  static constexpr auto at = Matrices::at;

  static void gather(const NetworkBuffers& net, const BlockArguments& block) {
    const int features = net.layer[0].fan_in;
    const int outputs = net.layer[net.layers - 1].fan_out;
    const Index input_stride = stride(net.capacity);
    const Index target_stride = stride(outputs);
    const bool one_hot = !net.sigmoid;
    for (int i = 0; i < block.rows && one_hot; i += width) {
      float* targets = net.targets + (i / width) * target_stride;
      for (int j = 0; j < outputs * width; j += lanes) F::zero().store(targets + j);
    }
    for (int i = 0; i < block.rows; ++i) {
      const Index sample = block.order ? block.order[block.first + i] : block.first + i;
      const float* row = block.data + sample * block.row_stride;
      for (int panel = 0; panel * width < features; ++panel) {
#pragma GCC unroll 4
        for (int v = 0; v < Isa::tile_vectors; ++v) {
          F::load(row + panel * width + v * lanes)
              .store(net.inputs + at(input_stride, panel, i, v));
        }
      }
      // Labels are random: no branch may depend on them.
      const std::int32_t label = block.labels[sample];
      float* target = net.targets + (i / width) * target_stride + i % width;
      if (one_hot) {
        target[label * width] = 1.0f;
      } else {
        *target = arithmetic::to_float(label);
      }
    }
  }

  static void forward(const NetworkBuffers& net, int rows) {
    const float* input = net.inputs;
    for (int l = 0; l + 1 < net.layers; ++l) {
      const LayerBuffers& layer = net.layer[l];
      if (layer.mask) {
        forward_hidden<true>(net, layer, input, rows);
      } else {
        forward_hidden<false>(net, layer, input, rows);
      }
      input = layer.activations;
    }
    forward_output(net, rows);
  }

  // Vector stores may alias anything: what a loop needs is copied out of the structs first.
  template <bool dropout>
  static void forward_hidden(const NetworkBuffers& net, const LayerBuffers& layer,
                             const float* input, int rows) {
    const Index block = stride(net.capacity);
    const float* biases = layer.biases;
    const float* mask = layer.mask;
    float* activations = layer.activations;
    const Product<float> p{input, block,         layer.weights, stride(layer.fan_in),
                           rows,  layer.fan_out, layer.fan_in};
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

  /// Few outputs: lanes run over samples, so the last hidden activations are transposed first.
  static void forward_output(const NetworkBuffers& net, int rows) {
    const LayerBuffers& layer = net.layer[net.layers - 1];
    Matrices::transpose(net.layer[net.layers - 2].activations, stride(net.capacity), rows,
                        layer.fan_in, net.hidden_transposed, stride(layer.fan_in));
    const Index out = stride(layer.fan_out);
    const float* biases = layer.biases;
    float* outputs = net.outputs;
    const Product<float> p{layer.transposed, out,  net.hidden_transposed, stride(layer.fan_in),
                           layer.fan_out,    rows, layer.fan_in};
    product<Isa, F, Walk::along_sum>(
        p,
        [&](Index, Index row, int)
            __attribute__((always_inline)) { return F::broadcast(biases + row); },
        [&](Index panel, Index row, int v, F sum)
            __attribute__((always_inline)) { sum.store(outputs + at(out, panel, row, v)); });
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
    output_deltas(net, rows, update.scale);
    output_layer_backward(net, rows, update);
    for (int l = net.layers - 2; l >= 0; --l) {
      const LayerBuffers& layer = net.layer[l];
      const float* input = l > 0 ? net.layer[l - 1].activations : net.inputs;
      if (l > 0) hidden_deltas(net, layer, net.layer[l - 1], rows);
      update_weights(net, layer, input, rows, update);
      update_biases(net, layer, rows, update);
      if (layer.transposed && update.last_block) transpose_layer(layer);
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
    update_weights(net, net.layer[0], net.inputs, rows,
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
    deltas_from_output(net, rows);
    for (int l = net.layers - 2; l > 0; --l) {
      hidden_deltas(net, net.layer[l], net.layer[l - 1], rows);
    }
  }

  /// Where the deltas of a hidden layer go. A unit passes its gradient where its activation is > 0
  /// (times its dropout factor).
  template <bool dropout>
  struct DeltaSink {
    const float* mask;
    const float* activations;
    float* deltas;

    explicit DeltaSink(const LayerBuffers& layer)
        : mask(layer.mask), activations(layer.activations), deltas(layer.deltas) {}
    AXIOM_INLINE void store(Index offset, F sum) const {
      if constexpr (dropout) sum = mul(sum, F::load(mask + offset));
      const F h = F::load(activations + offset);
      select(less(F::zero(), h), sum, F::zero()).store(deltas + offset);
    }
  };

  /// Deltas of the last hidden layer: dz = (d·Wᵀ) masked.
  static void deltas_from_output(const NetworkBuffers& net, int rows) {
    if (net.layer[net.layers - 2].mask) {
      deltas_from_output<true>(net, rows);
    } else {
      deltas_from_output<false>(net, rows);
    }
  }

  template <bool dropout>
  static void deltas_from_output(const NetworkBuffers& net, int rows) {
    const LayerBuffers& output = net.layer[net.layers - 1];
    const DeltaSink<dropout> sink(net.layer[net.layers - 2]);
    const Index block = stride(net.capacity);
    const Index out = stride(output.fan_out);
    const Product<float> p{net.outputs, out,           output.transposed, out,
                           rows,        output.fan_in, output.fan_out};
    product<Isa, F, Walk::along_rows>(
        p, Zero{}, [=](Index panel, Index row, int v, F sum) __attribute__((always_inline)) {
          sink.store(at(block, panel, row, v), sum);
        });
  }

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

  static void update_weights(const NetworkBuffers& net, const LayerBuffers& layer,
                             const float* input, int rows, const UpdateArguments& update) {
    const Index block = stride(net.capacity);
    const Product<float> p{input, block, layer.deltas, block, layer.fan_in, layer.fan_out, rows};
    if (layer.input_bits) {
      WeightGradient<Isa>::but_for_zeros(p, net, layer, update);
    } else {
      WeightGradient<Isa>::template whole<Walk::along_rows>(p, layer.weights, layer.weight_gradient,
                                                            stride(layer.fan_in), update);
    }
  }

  static void output_layer_backward(const NetworkBuffers& net, int rows,
                                    const UpdateArguments& update) {
    deltas_from_output(net, rows);
    const LayerBuffers& layer = net.layer[net.layers - 1];
    const Index out = stride(layer.fan_out);
    const Product<float> p{net.outputs,
                           out,
                           net.layer[net.layers - 2].activations,
                           stride(net.capacity),
                           layer.fan_out,
                           layer.fan_in,
                           rows};
    WeightGradient<Isa>::template whole<Walk::along_sum>(p, layer.transposed, layer.weight_gradient,
                                                         out, update);
    for (int j = 0; j < layer.fan_out; ++j) {
      float sum = update.first_block ? 0.0f : layer.bias_gradient[j];
      for (int i = 0; i < rows; ++i) {
        const float* d = net.outputs + (i / width) * out + j * width + i % width;
        sum = arithmetic::add(sum, *d);
      }
      update_bias(layer, j, sum, update);
    }
  }

  static AXIOM_INLINE void update_bias(const LayerBuffers& layer, int j, float sum,
                                       const UpdateArguments& update) {
    if (update.last_block) {
      layer.biases[j] = arithmetic::fma(update.negative_learning_rate, sum, layer.biases[j]);
    } else {
      layer.bias_gradient[j] = sum;
    }
  }

  /// A panel at a time: a sum over samples is a chain of additions, so two are better than one.
  static void update_biases(const NetworkBuffers& net, const LayerBuffers& layer, int rows,
                            const UpdateArguments& update) {
    constexpr int vectors = Isa::tile_vectors;
    const Index block = stride(net.capacity);
    const F rate = F::splat(update.negative_learning_rate);
    for (int j = 0; j < layer.fan_out; j += width) {
      const float* d = layer.deltas + (j / width) * block;
      F sum[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        sum[v] = update.first_block ? F::zero() : F::load(layer.bias_gradient + j + v * lanes);
      }
      for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[v] = add(sum[v], F::load(d + i * width + v * lanes));
      }
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        if (update.last_block) {
          float* bias = layer.biases + j + v * lanes;
          fma(rate, sum[v], F::load(bias)).store(bias);
        } else {
          sum[v].store(layer.bias_gradient + j + v * lanes);
        }
      }
    }
  }

  static void transpose_layer(const LayerBuffers& layer) {
    Matrices::transpose(layer.weights, stride(layer.fan_in), layer.fan_in, layer.fan_out,
                        layer.transposed, stride(layer.fan_out));
  }
};

}  // namespace axiom::cpu
