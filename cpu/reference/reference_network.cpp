#include "cpu/reference/reference_network.h"

#include "client/arithmetic/functions.h"
#include "client/arithmetic/ops.h"

namespace axiom::cpu::reference {

using namespace arithmetic;

void ReferenceNetwork::forward(std::span<const float> parameters, std::span<const float> inputs,
                               int rows, std::span<const float> masks) {
  inputs_ = inputs;
  masks_ = masks;
  rows_ = rows;
  layers_.resize(static_cast<std::size_t>(shape_.layers()));
  std::size_t first_unit = 0;
  for (int l = 0; l < shape_.layers(); ++l) {
    const auto n = static_cast<std::size_t>(rows);
    const auto fan_in = static_cast<std::size_t>(shape_.fan_in(l));
    const auto fan_out = static_cast<std::size_t>(shape_.fan_out(l));
    const bool hidden = l + 1 < shape_.layers();
    const float* w = parameters.data() + shape_.weight_offset(l);
    const float* b = parameters.data() + shape_.bias_offset(l);
    const std::span<const float> x = layer_input(l);
    std::vector<float>& z = layers_[static_cast<std::size_t>(l)].outputs;
    z.resize(n * fan_out);
    for (std::size_t i = 0; i < n; ++i) {
      rest_();
      for (std::size_t j = 0; j < fan_out; ++j) {
        float sum = b[j];
        for (std::size_t k = 0; k < fan_in; ++k)
          sum = fma(x[i * fan_in + k], w[k * fan_out + j], sum);
        if (hidden) {
          sum = relu(sum);
          if (!masks.empty()) {
            const auto units = static_cast<std::size_t>(shape_.hidden_units());
            sum = mul(sum, masks[i * units + first_unit + j]);
          }
        }
        z[i * fan_out + j] = sum;
      }
    }
    first_unit += fan_out;
  }
}

std::span<const float> ReferenceNetwork::layer_input(int layer) const {
  return layer == 0 ? inputs_ : activations(layer);
}

void ReferenceNetwork::output_deltas(std::span<const std::int32_t> labels, float scale) {
  Layer& layer = layers_.back();
  const auto outputs = static_cast<std::size_t>(shape_.outputs());
  layer.deltas.resize(layer.outputs.size());
  std::vector<float> e(outputs);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows_); ++i) {
    const float* z = layer.outputs.data() + i * outputs;
    float* d = layer.deltas.data() + i * outputs;
    if (shape_.loss == Loss::sigmoid_cross_entropy) {
      d[0] = mul(sub(sigmoid(z[0]), to_float(labels[i])), scale);
      continue;
    }
    float largest = z[0];
    for (std::size_t j = 1; j < outputs; ++j) largest = select(less(largest, z[j]), z[j], largest);
    float sum = 0.0f;
    for (std::size_t j = 0; j < outputs; ++j) {
      e[j] = arithmetic::exp(sub(z[j], largest));
      sum = add(sum, e[j]);
    }
    for (std::size_t j = 0; j < outputs; ++j) {
      const float y = static_cast<std::int32_t>(j) == labels[i] ? 1.0f : 0.0f;
      d[j] = mul(sub(div(e[j], sum), y), scale);
    }
  }
}

void ReferenceNetwork::backward(std::span<const float> parameters,
                                std::span<const std::int32_t> labels, float scale) {
  output_deltas(labels, scale);
  auto first_unit = static_cast<std::size_t>(shape_.hidden_units());
  for (int l = shape_.layers() - 1; l > 0; --l) {
    const auto fan_in = static_cast<std::size_t>(shape_.fan_in(l));
    const auto fan_out = static_cast<std::size_t>(shape_.fan_out(l));
    const float* w = parameters.data() + shape_.weight_offset(l);
    const std::vector<float>& d = layers_[static_cast<std::size_t>(l)].deltas;
    Layer& below = layers_[static_cast<std::size_t>(l) - 1];
    below.deltas.resize(below.outputs.size());
    first_unit -= fan_in;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows_); ++i) {
      rest_();
      for (std::size_t k = 0; k < fan_in; ++k) {
        float sum = 0.0f;
        for (std::size_t j = 0; j < fan_out; ++j)
          sum = fma(d[i * fan_out + j], w[k * fan_out + j], sum);
        if (!masks_.empty()) {
          const auto units = static_cast<std::size_t>(shape_.hidden_units());
          sum = mul(sum, masks_[i * units + first_unit + k]);
        }
        const float h = below.outputs[i * fan_in + k];
        below.deltas[i * fan_in + k] = select(less(0.0f, h), sum, 0.0f);
      }
    }
  }
}

void ReferenceNetwork::gradient(int layer, std::span<float> gradient) const {
  const auto fan_in = static_cast<std::size_t>(shape_.fan_in(layer));
  const auto fan_out = static_cast<std::size_t>(shape_.fan_out(layer));
  const std::span<const float> x = layer_input(layer);
  const std::vector<float>& d = layers_[static_cast<std::size_t>(layer)].deltas;
  const auto rows = static_cast<std::size_t>(rows_);
  for (std::size_t k = 0; k < fan_in; ++k) {
    rest_();
    for (std::size_t j = 0; j < fan_out; ++j) {
      float sum = 0.0f;
      for (std::size_t i = 0; i < rows; ++i) sum = fma(x[i * fan_in + k], d[i * fan_out + j], sum);
      gradient[k * fan_out + j] = sum;
    }
  }
  for (std::size_t j = 0; j < fan_out; ++j) {
    float sum = 0.0f;
    for (std::size_t i = 0; i < rows; ++i) sum = add(sum, d[i * fan_out + j]);
    gradient[fan_in * fan_out + j] = sum;
  }
}

void ReferenceNetwork::input_gradients(std::span<const float> parameters,
                                       std::span<float> gradients) const {
  const auto fan_in = static_cast<std::size_t>(shape_.inputs());
  const auto fan_out = static_cast<std::size_t>(shape_.fan_out(0));
  const std::vector<float>& d = layers_.front().deltas;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows_); ++i) {
    rest_();
    for (std::size_t k = 0; k < fan_in; ++k) {
      float sum = 0.0f;
      for (std::size_t j = 0; j < fan_out; ++j) {
        sum = fma(d[i * fan_out + j], parameters[k * fan_out + j], sum);
      }
      gradients[i * fan_in + k] = sum;
    }
  }
}

std::size_t ReferenceNetwork::bytes(const NetworkShape& shape, int rows, bool deltas) {
  const std::size_t units =
      static_cast<std::size_t>(shape.hidden_units()) + static_cast<std::size_t>(shape.outputs());
  return (deltas ? 2 : 1) * static_cast<std::size_t>(rows) * units * sizeof(float);
}

}  // namespace axiom::cpu::reference
