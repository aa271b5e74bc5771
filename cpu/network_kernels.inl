// Training kernels, written once over an instruction set's lanes. See kernels.h for the buffers and
// docs/EXPERIMENTS.md ("One step") for the definition; cpu/reference is the plain version.
#pragma once

#include "client/arithmetic/functions.h"
#include "cpu/kernels.h"
#include "cpu/tile.inl"

namespace axiom::cpu {

template <class Isa>
struct NetworkKernels {
  using F = typename Isa::Float;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Panel<Isa, F>::width;

  static constexpr int padded(int n) { return (n + width - 1) / width * width; }
  /// Floats between the panels of a matrix with so many rows.
  static constexpr std::ptrdiff_t stride(int rows) {
    return static_cast<std::ptrdiff_t>(padded(rows)) * width;
  }
  static constexpr std::ptrdiff_t at(std::ptrdiff_t panel_stride, int panel, int row, int v) {
    return panel * panel_stride + row * width + v * lanes;
  }

  static void gather(const NetworkBuffers& net, const BlockArguments& block) {
    const int features = net.layer[0].fan_in;
    const int outputs = net.layer[net.layers - 1].fan_out;
    const std::ptrdiff_t input_stride = stride(net.capacity);
    const std::ptrdiff_t target_stride = stride(outputs);
    for (int i = 0; i < block.rows; ++i) {
      const int sample = block.order ? block.order[block.first + i] : block.first + i;
      const float* row = block.data + static_cast<std::ptrdiff_t>(sample) * block.row_stride;
      for (int panel = 0; panel * width < features; ++panel) {
#pragma GCC unroll 4
        for (int v = 0; v < Isa::tile_vectors; ++v) {
          F::load(row + panel * width + v * lanes)
              .store(net.inputs + at(input_stride, panel, i, v));
        }
      }
      const std::int32_t label = block.labels[sample];
      float* target = net.targets + (i / width) * target_stride + i % width;
      if (net.sigmoid) {
        *target = arithmetic::to_float(label);
      } else {
        for (int j = 0; j < outputs; ++j) target[j * width] = j == label ? 1.0f : 0.0f;
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

  template <bool dropout>
  static void forward_hidden(const NetworkBuffers& net, const LayerBuffers& layer,
                             const float* input, int rows) {
    const std::ptrdiff_t block = stride(net.capacity);
    const Product<float> p{input, block,         layer.weights, stride(layer.fan_in),
                           rows,  layer.fan_out, layer.fan_in};
    product<Isa, F, Walk::along_sum>(
        p,
        [&](int panel, int, int v) __attribute__((always_inline)) {
          return F::load(layer.biases + panel * width + v * lanes);
        },
        [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
          F h = arithmetic::relu(sum);
          if constexpr (dropout) h = mul(h, F::load(layer.mask + at(block, panel, row, v)));
          h.store(layer.activations + at(block, panel, row, v));
        });
  }

  /// Few outputs: lanes run over samples, so the last hidden activations are transposed first.
  static void forward_output(const NetworkBuffers& net, int rows) {
    const LayerBuffers& layer = net.layer[net.layers - 1];
    transpose(net.layer[net.layers - 2].activations, stride(net.capacity), rows, layer.fan_in,
              net.hidden_transposed, stride(layer.fan_in));
    const std::ptrdiff_t out = stride(layer.fan_out);
    const Product<float> p{layer.transposed, out,  net.hidden_transposed, stride(layer.fan_in),
                           layer.fan_out,    rows, layer.fan_in};
    product<Isa, F, Walk::along_sum>(
        p,
        [&](int, int row, int)
            __attribute__((always_inline)) { return F::broadcast(layer.biases + row); },
        [&](int panel, int row, int v, F sum)
            __attribute__((always_inline)) { sum.store(net.outputs + at(out, panel, row, v)); });
  }

  /// Replaces the logits by ∂L/∂z = (p − y)·scale.
  static void output_deltas(const NetworkBuffers& net, int rows, float scale_value) {
    const int outputs = net.layer[net.layers - 1].fan_out;
    const std::ptrdiff_t out = stride(outputs);
    const F scale = F::splat(scale_value);
    for (int i = 0; i < rows; i += lanes) {
      const std::ptrdiff_t offset = (i / width) * out + i % width;
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
      if (l > 0 && update.last_block) transpose_layer(layer);
    }
  }

  static void input_gradients(const NetworkBuffers& net, int rows) {
    output_deltas(net, rows, 1.0f);
    deltas_from_output(net, rows);
    for (int l = net.layers - 2; l > 0; --l) {
      hidden_deltas(net, net.layer[l], net.layer[l - 1], rows);
    }
    const LayerBuffers& first = net.layer[0];
    const std::ptrdiff_t block = stride(net.capacity);
    const Product<float> p{first.deltas, block,        net.input_transposed, stride(first.fan_out),
                           rows,         first.fan_in, first.fan_out};
    product<Isa, F, Walk::along_sum>(
        p, [](int, int, int) __attribute__((always_inline)) { return F::zero(); },
        [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
          sum.store(net.input_gradients + at(block, panel, row, v));
        });
  }

  static void transpose_weights(const NetworkBuffers& net, bool first_layer) {
    for (int l = 1; l + 1 < net.layers; ++l) transpose_layer(net.layer[l]);
    if (first_layer) {
      const LayerBuffers& layer = net.layer[0];
      transpose(layer.weights, stride(layer.fan_in), layer.fan_in, layer.fan_out,
                net.input_transposed, stride(layer.fan_out));
    }
  }

 private:
  /// A hidden unit passes its gradient where its activation is > 0 (times its dropout factor).
  template <bool dropout>
  static AXIOM_INLINE void store_delta(const LayerBuffers& layer, std::ptrdiff_t offset, F sum) {
    if constexpr (dropout) sum = mul(sum, F::load(layer.mask + offset));
    const F h = F::load(layer.activations + offset);
    select(less(F::zero(), h), sum, F::zero()).store(layer.deltas + offset);
  }

  /// Deltas of the last hidden layer: dz = (d·Wᵀ) masked.
  static void deltas_from_output(const NetworkBuffers& net, int rows) {
    const LayerBuffers& output = net.layer[net.layers - 1];
    const LayerBuffers& hidden = net.layer[net.layers - 2];
    const std::ptrdiff_t block = stride(net.capacity);
    const std::ptrdiff_t out = stride(output.fan_out);
    const Product<float> p{net.outputs, out,           output.transposed, out,
                           rows,        output.fan_in, output.fan_out};
    const auto zero = [](int, int, int) __attribute__((always_inline)) { return F::zero(); };
    if (hidden.mask) {
      product<Isa, F, Walk::along_rows>(
          p, zero, [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
            store_delta<true>(hidden, at(block, panel, row, v), sum);
          });
    } else {
      product<Isa, F, Walk::along_rows>(
          p, zero, [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
            store_delta<false>(hidden, at(block, panel, row, v), sum);
          });
    }
  }

  /// Deltas of the layer below `layer`.
  static void hidden_deltas(const NetworkBuffers& net, const LayerBuffers& layer,
                            const LayerBuffers& below, int rows) {
    const std::ptrdiff_t block = stride(net.capacity);
    const Product<float> p{layer.deltas, block,        layer.transposed, stride(layer.fan_out),
                           rows,         layer.fan_in, layer.fan_out};
    const auto zero = [](int, int, int) __attribute__((always_inline)) { return F::zero(); };
    if (below.mask) {
      product<Isa, F, Walk::along_sum>(
          p, zero, [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
            store_delta<true>(below, at(block, panel, row, v), sum);
          });
    } else {
      product<Isa, F, Walk::along_sum>(
          p, zero, [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
            store_delta<false>(below, at(block, panel, row, v), sum);
          });
    }
  }

  /// Σ over samples into gradients, continued over blocks, and the SGD update on the last block.
  template <Walk walk>
  static AXIOM_INLINE void gradient_product(const Product<float>& p, float* weights,
                                            float* gradient, std::ptrdiff_t panel_stride,
                                            const UpdateArguments& update) {
    const F rate = F::splat(update.negative_learning_rate);
    const F keep = F::splat(update.keep);
    const auto zero = [](int, int, int) __attribute__((always_inline)) { return F::zero(); };
    const auto load = [&](int panel, int row, int v) __attribute__((always_inline)) {
      return F::load(gradient + at(panel_stride, panel, row, v));
    };
    const auto store = [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
      sum.store(gradient + at(panel_stride, panel, row, v));
    };
    const auto step = [&](int panel, int row, int v, F sum) __attribute__((always_inline)) {
      float* w = weights + at(panel_stride, panel, row, v);
      fma(rate, sum, mul(F::load(w), keep)).store(w);
    };
    if (update.first_block && update.last_block) {
      product<Isa, F, walk>(p, zero, step);
    } else if (update.first_block) {
      product<Isa, F, walk>(p, zero, store);
    } else if (update.last_block) {
      product<Isa, F, walk>(p, load, step);
    } else {
      product<Isa, F, walk>(p, load, store);
    }
  }

  static void update_weights(const NetworkBuffers& net, const LayerBuffers& layer,
                             const float* input, int rows, const UpdateArguments& update) {
    const std::ptrdiff_t block = stride(net.capacity);
    const Product<float> p{input, block, layer.deltas, block, layer.fan_in, layer.fan_out, rows};
    gradient_product<Walk::along_rows>(p, layer.weights, layer.weight_gradient,
                                       stride(layer.fan_in), update);
  }

  static void output_layer_backward(const NetworkBuffers& net, int rows,
                                    const UpdateArguments& update) {
    deltas_from_output(net, rows);
    const LayerBuffers& layer = net.layer[net.layers - 1];
    const std::ptrdiff_t out = stride(layer.fan_out);
    const Product<float> p{net.outputs,
                           out,
                           net.layer[net.layers - 2].activations,
                           stride(net.capacity),
                           layer.fan_out,
                           layer.fan_in,
                           rows};
    gradient_product<Walk::along_sum>(p, layer.transposed, layer.weight_gradient, out, update);
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

  static void update_biases(const NetworkBuffers& net, const LayerBuffers& layer, int rows,
                            const UpdateArguments& update) {
    const std::ptrdiff_t block = stride(net.capacity);
    const F rate = F::splat(update.negative_learning_rate);
    for (int j = 0; j < layer.fan_out; j += lanes) {
      const float* d = layer.deltas + (j / width) * block + j % width;
      F sum = update.first_block ? F::zero() : F::load(layer.bias_gradient + j);
      for (int i = 0; i < rows; ++i) sum = add(sum, F::load(d + i * width));
      if (update.last_block) {
        fma(rate, sum, F::load(layer.biases + j)).store(layer.biases + j);
      } else {
        sum.store(layer.bias_gradient + j);
      }
    }
  }

  static void transpose_layer(const LayerBuffers& layer) {
    transpose(layer.weights, stride(layer.fan_in), layer.fan_in, layer.fan_out, layer.transposed,
              stride(layer.fan_out));
  }

  /// Panels rows × columns to panels columns × rows, in blocks; padding is copied along.
  static void transpose(const float* from, std::ptrdiff_t from_stride, int rows, int columns,
                        float* to, std::ptrdiff_t to_stride) {
    constexpr int size = Isa::transpose_size;
    for (int column = 0; column < columns; column += size) {
      for (int row = 0; row < rows; row += size) {
        Isa::transpose(from + (column / width) * from_stride + row * width + column % width, width,
                       to + (row / width) * to_stride + column * width + row % width, width);
      }
    }
  }
};

}  // namespace axiom::cpu
