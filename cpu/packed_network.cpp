#include "cpu/packed_network.h"

#include <algorithm>
#include <stdexcept>

namespace axiom::cpu {

namespace {

/// Hands out consecutive pieces of one allocation; with a null base it only counts.
class Arena {
 public:
  explicit Arena(float* base) : base_(base) {}
  float* take(std::size_t floats) {
    float* piece = base_ ? base_ + used_ : nullptr;
    // Pieces start on cache lines, and not all at the same offset within a page.
    used_ += (floats + 15) / 16 * 16 + 16;
    return piece;
  }
  std::size_t used() const { return used_; }

 private:
  float* base_;
  std::size_t used_ = 0;
};

std::size_t padded(int n, int width) {
  return static_cast<std::size_t>((n + width - 1) / width) * static_cast<std::size_t>(width);
}
std::size_t panel_floats(int rows, int columns, int width) {
  return padded(rows, width) * padded(columns, width);
}

/// Deltas with all terms need that, or the deltas above with lanes over the samples: whichever is
/// less to transpose. A second copy of large weights would crowd the second-level cache, so these
/// are not transposed (measured: docs/PERFORMANCE_CHANGES.md).
bool transposes_weights(int fan_in, int fan_out, int backward_rows) {
  constexpr std::int64_t large = std::int64_t{256} * 256;
  const std::int64_t weights = std::int64_t{fan_in} * fan_out;
  const std::int64_t units = std::int64_t{fan_in} + fan_out;
  return weights < large && weights < units * backward_rows;
}

struct Layout {
  NetworkBuffers net{};
  std::vector<float*> masks;
  std::size_t floats = 0;
};

Layout lay_out(const NetworkShape& shape, int width, const PackedNetwork::Demand& demand,
               float* base) {
  if (shape.layers() < 2 || shape.layers() > max_layers) {
    throw std::invalid_argument("network with " + std::to_string(shape.layers()) +
                                " layers: 2 to " + std::to_string(max_layers) + " are supported");
  }
  Layout layout;
  NetworkBuffers& net = layout.net;
  Arena arena(base);
  const bool backward = demand.backward_rows > 0;
  int widest_by_samples = 0;  // layers whose deltas are taken with lanes over the samples
  bool any_sparse = false;
  net.layers = shape.layers();
  net.capacity = static_cast<int>(padded(demand.block_rows, width));
  net.sigmoid = shape.loss == Loss::sigmoid_cross_entropy;
  for (int l = 0; l < net.layers; ++l) {
    const bool output = l + 1 == net.layers;
    LayerBuffers& layer = net.layer[l];
    layer.fan_in = shape.fan_in(l);
    layer.fan_out = shape.fan_out(l);
    // Deltas of the layer below then always need the weights with lanes over fan_in.
    const bool sparse =
        l > 0 && !output && std::min(layer.fan_in, layer.fan_out) >= demand.skips_zeros_from;
    if (sparse) {
      any_sparse = true;
      const auto words = padded(layer.fan_in, NonZeros::depth) / NonZeros::depth *
                         static_cast<std::size_t>(net.capacity);
      layer.input_bits = reinterpret_cast<std::uint64_t*>(arena.take(2 * words));
    }
    const std::size_t weights = panel_floats(layer.fan_in, layer.fan_out, width);
    const std::size_t transposed = panel_floats(layer.fan_out, layer.fan_in, width);
    const std::size_t block = panel_floats(net.capacity, layer.fan_out, width);
    if (!output) layer.weights = arena.take(weights);
    if (output) {
      layer.transposed = arena.take(transposed);
    } else if (l > 0 && backward) {
      if (sparse || transposes_weights(layer.fan_in, layer.fan_out, demand.backward_rows)) {
        layer.transposed = arena.take(transposed);
      } else {
        widest_by_samples = std::max({widest_by_samples, layer.fan_in, layer.fan_out});
      }
    }
    layer.biases = arena.take(padded(layer.fan_out, width));
    if (l == 0 && demand.first_layer_gradient && !demand.split_gradients) {
      layer.weight_gradient = arena.take(weights);
    }
    if (demand.split_gradients) {
      layer.weight_gradient = arena.take(output ? transposed : weights);
      layer.bias_gradient = arena.take(padded(layer.fan_out, width));
    }
    if (!output) {
      layer.activations = arena.take(block);
      if (backward) layer.deltas = arena.take(block);
      layout.masks.push_back(demand.dropout ? arena.take(block) : nullptr);
      layer.mask = layout.masks.back();
    }
  }
  if (widest_by_samples > 0) {
    net.deltas_transposed = arena.take(panel_floats(widest_by_samples, net.capacity, width));
    net.sums_transposed = arena.take(panel_floats(widest_by_samples, net.capacity, width));
  }
  net.inputs = arena.take(panel_floats(net.capacity, shape.inputs(), width));
  net.outputs = arena.take(panel_floats(shape.outputs(), net.capacity, width));
  net.targets = arena.take(panel_floats(shape.outputs(), net.capacity, width));
  if (demand.input_gradients) {
    net.input_transposed = arena.take(panel_floats(shape.fan_out(0), shape.inputs(), width));
    net.input_gradients = arena.take(panel_floats(net.capacity, shape.inputs(), width));
  }
  if (any_sparse) {
    const auto rows = static_cast<std::size_t>(std::max(net.capacity, NonZeros::depth));
    net.non_zeros.bits = reinterpret_cast<std::uint64_t*>(arena.take(2 * rows));
    net.non_zeros.values = arena.take(rows * NonZeros::depth);
  }
  layout.floats = arena.used();
  return layout;
}

/// Calls visit(first entry in row-major order, panel entries, count) for the rows of every panel.
template <class Visit>
void for_each_run(float* panels, int rows, int columns, int width, Visit visit) {
  for (int first = 0; first < columns; first += width) {
    const auto count = static_cast<std::size_t>(std::min(width, columns - first));
    for (int r = 0; r < rows; ++r) {
      visit(static_cast<std::size_t>(r) * static_cast<std::size_t>(columns) +
                static_cast<std::size_t>(first),
            panels + static_cast<std::ptrdiff_t>(r) * width, count);
    }
    panels += padded(rows, width) * static_cast<std::size_t>(width);
  }
}

/// Calls visit(unit k, output j, panel entry) for the output layer's weights.
template <class Visit>
void for_each_output_weight(const LayerBuffers& layer, int width, Visit visit) {
  const std::size_t stride = padded(layer.fan_out, width) * static_cast<std::size_t>(width);
  for (int j = 0; j < layer.fan_out; ++j) {
    float* row = layer.transposed + static_cast<std::ptrdiff_t>(j) * width;
    for (int k = 0; k < layer.fan_in; ++k) {
      visit(
          k, j,
          row[static_cast<std::size_t>(k / width) * stride + static_cast<std::size_t>(k % width)]);
    }
  }
}

}  // namespace

std::size_t PackedNetwork::bytes(const NetworkShape& shape, int panel_width, const Demand& demand) {
  return lay_out(shape, panel_width, demand, nullptr).floats * sizeof(float);
}

void PackedNetwork::shape(const NetworkShape& shape, int panel_width, const Demand& demand) {
  auto* base = static_cast<float*>(memory_.zeroed(bytes(shape, panel_width, demand)));
  Layout layout = lay_out(shape, panel_width, demand, base);
  net_ = layout.net;
  masks_ = std::move(layout.masks);
  panel_width_ = panel_width;
}

void PackedNetwork::load(const NetworkShape& shape, std::span<const float> parameters) {
  for (int l = 0; l < net_.layers; ++l) {
    const LayerBuffers& layer = net_.layer[l];
    const float* weights = parameters.data() + shape.weight_offset(l);
    const float* biases = parameters.data() + shape.bias_offset(l);
    if (layer.weights) {
      for_each_run(layer.weights, layer.fan_in, layer.fan_out, panel_width_,
                   [&](std::size_t first, float* panel, std::size_t count) {
                     std::copy_n(weights + first, count, panel);
                   });
    } else {
      for_each_output_weight(layer, panel_width_,
                             [&](int k, int j, float& w) { w = weights[k * layer.fan_out + j]; });
    }
    std::copy(biases, biases + layer.fan_out, layer.biases);
  }
}

void PackedNetwork::store(const NetworkShape& shape, std::span<float> parameters) const {
  for (int l = 0; l < net_.layers; ++l) {
    const LayerBuffers& layer = net_.layer[l];
    float* weights = parameters.data() + shape.weight_offset(l);
    if (layer.weights) {
      for_each_run(layer.weights, layer.fan_in, layer.fan_out, panel_width_,
                   [&](std::size_t first, const float* panel, std::size_t count) {
                     std::copy_n(panel, count, weights + first);
                   });
    } else {
      for_each_output_weight(layer, panel_width_, [&](int k, int j, const float& w) {
        weights[k * layer.fan_out + j] = w;
      });
    }
    std::copy(layer.biases, layer.biases + layer.fan_out, parameters.data() + shape.bias_offset(l));
  }
}

void PackedNetwork::store_first_gradient(std::span<float> gradient) const {
  const LayerBuffers& layer = net_.layer[0];
  for_each_run(layer.weight_gradient, layer.fan_in, layer.fan_out, panel_width_,
               [&](std::size_t first, const float* panel, std::size_t count) {
                 std::copy_n(panel, count, gradient.data() + first);
               });
}

void PackedNetwork::unpack_block(const float* panels, int rows, int columns, float* out) const {
  const auto width = static_cast<std::size_t>(panel_width_);
  const std::size_t stride = static_cast<std::size_t>(net_.capacity) * width;
  const auto row_floats = static_cast<std::size_t>(columns);
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    for (std::size_t c = 0; c < row_floats; c += width) {
      const std::size_t count = std::min(width, row_floats - c);
      const float* from = panels + (c / width) * stride + r * width;
      std::copy(from, from + count, out + r * row_floats + c);
    }
  }
}

void PackedNetwork::unpack_outputs(int rows, float* out) const {
  const int outputs = net_.layer[net_.layers - 1].fan_out;
  const std::size_t stride = padded(outputs, panel_width_) * static_cast<std::size_t>(panel_width_);
  for (int i = 0; i < rows; ++i) {
    const float* panel = net_.outputs + static_cast<std::size_t>(i / panel_width_) * stride;
    for (int j = 0; j < outputs; ++j) *out++ = panel[j * panel_width_ + i % panel_width_];
  }
}

}  // namespace axiom::cpu
