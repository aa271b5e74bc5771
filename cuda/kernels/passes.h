// Forward and backward passes of one network over the samples in work, for either way to compute
// products (Engine). docs/EXPERIMENTS.md ("One step") is the definition; cpu/reference the plain
// version.
//
// An Engine has product<form>(…), synchronize(), thread() and threads(). A View says where the
// parts of the network lie: shape(), weights(layer), biases(layer), input(layer),
// activations(hidden layer), outputs() – logits, then ∂L/∂z –, deltas(hidden layer) and label(row).
#pragma once

#include "client/arithmetic/functions.h"
#include "client/arithmetic/streams.h"
#include "cuda/kernels/jobs.h"
#include "cuda/kernels/matrix.h"

namespace axiom::cuda {

/// Dropout factors of hidden units, by sample; kept = 0 means none.
struct Dropout {
  arithmetic::Stream stream;
  std::uint64_t threshold;
  float kept;
  std::uint32_t units;     ///< hidden units of the network
  std::uint32_t position;  ///< of row 0 in the epoch's order

  AXIOM_DEVICE bool applies() const { return kept != 0.0f; }
  AXIOM_DEVICE float factor(int row, std::uint32_t unit) const {
    const std::uint32_t sample = position + static_cast<std::uint32_t>(row);
    return stream.word(sample * units + unit) >= threshold ? kept : 0.0f;
  }
};

AXIOM_DEVICE std::uint32_t first_unit(const Network& shape, int hidden_layer) {
  std::uint32_t unit = 0;
  for (int l = 0; l < hidden_layer; ++l) unit += static_cast<std::uint32_t>(shape.sizes[l + 1]);
  return unit;
}

/// Few outputs: one thread sums one.
template <class Engine, class View>
AXIOM_DEVICE void forward_output(const Engine& engine, const View& net, int rows) {
  const int outputs = net.shape().outputs();
  const int last = net.shape().layers - 1;
  const Matrix input = net.input(last);
  const Matrix weights = net.weights(last);
  const int fan_in = net.shape().fan_in(last);
  for (int at = engine.thread(); at < rows * outputs; at += engine.threads()) {
    const int i = at / outputs;
    const int j = at % outputs;
    float sum = net.biases(last)[j];
#pragma unroll 8
    for (int k = 0; k < fan_in; ++k) sum = arithmetic::fma(input.at(i, k), weights.at(k, j), sum);
    net.outputs().at(i, j) = sum;
  }
}

// What takes the sums of a product. `rare`: not worth code for every size of tile.

/// Takes the sums of a hidden layer.
struct ReluSink {
  static constexpr bool rare = false;
  Matrix to;
  AXIOM_DEVICE void operator()(int i, int j, float sum) const {
    to.at(i, j) = arithmetic::relu(sum);
  }
};

/// Multiplies a layer's activations by their dropout factors. Apart from the products, whose code
/// it would swell. No barrier.
template <class Engine>
AXIOM_DEVICE void drop_units(const Engine& engine, Matrix activations, int rows, int width,
                             std::uint32_t first, const Dropout& dropout) {
  for (int at = engine.thread(); at < rows * width; at += engine.threads()) {
    const int i = at / width;
    const int j = at % width;
    const float factor = dropout.factor(i, first + static_cast<std::uint32_t>(j));
    activations.at(i, j) = arithmetic::mul(activations.at(i, j), factor);
  }
}

/// Inputs to logits. Ends with a barrier.
template <class Engine, class View>
AXIOM_DEVICE void forward(Engine& engine, const View& net, int rows, const Dropout& dropout) {
  for (int l = 0; l < net.shape().hidden_layers(); ++l) {
    const Matrix to = net.activations(l);
    const FromBias start{net.biases(l)};
    const Matrix from = net.input(l);
    const int fan_in = net.shape().fan_in(l);
    const int fan_out = net.shape().fan_out(l);
    engine.template product<Form::forward>(from, net.weights(l), rows, fan_out, fan_in, start,
                                           ReluSink{to});
    engine.synchronize();
    if (!dropout.applies()) continue;
    drop_units(engine, to, rows, fan_out, first_unit(net.shape(), l), dropout);
    engine.synchronize();
  }
  forward_output(engine, net, rows);
  engine.synchronize();
}

/// ∂L/∂z of the outputs, (p − y)·scale, from logits to `to` (which may be the logits). Ends with a
/// barrier.
template <class Engine, class View>
AXIOM_DEVICE void output_deltas(Engine& engine, const View& net, int rows, float scale, Matrix to) {
  const int outputs = net.shape().outputs();
  for (int i = engine.thread(); i < rows; i += engine.threads()) {
    const float* z = net.outputs().p + net.outputs().offset(i, 0);
    float* d = to.p + to.offset(i, 0);
    if (net.shape().sigmoid != 0) {
      const float p = arithmetic::sigmoid(z[0]);
      d[0] = arithmetic::mul(arithmetic::sub(p, arithmetic::to_float(net.label(i))), scale);
      continue;
    }
    float largest = z[0];
    for (int j = 1; j < outputs; ++j) {
      largest = arithmetic::select(arithmetic::less(largest, z[j]), z[j], largest);
    }
    float sum = 0.0f;
    for (int j = 0; j < outputs; ++j) {
      d[j] = arithmetic::exp(arithmetic::sub(z[j], largest));
      sum = arithmetic::add(sum, d[j]);
    }
    for (int j = 0; j < outputs; ++j) {
      const float y = j == net.label(i) ? 1.0f : 0.0f;
      d[j] = arithmetic::mul(arithmetic::sub(arithmetic::div(d[j], sum), y), scale);
    }
  }
  engine.synchronize();
}

/// A unit passes its gradient, times its dropout factor, where its activation is > 0. There the
/// factor is that of a kept unit, so that no random number is needed.
AXIOM_DEVICE float through_relu(float sum, float activation, float kept) {
  if (kept != 0.0f) sum = arithmetic::mul(sum, kept);
  return arithmetic::select(arithmetic::less(0.0f, activation), sum, 0.0f);
}

/// Deltas of the last hidden layer from those of the outputs. No barrier.
template <class Engine, class View>
AXIOM_DEVICE void last_hidden_deltas(const Engine& engine, const View& net, int rows,
                                     Matrix output_deltas, const Dropout& dropout) {
  const int l = net.shape().hidden_layers() - 1;
  const int width = net.shape().fan_out(l);
  const int outputs = net.shape().outputs();
  const Matrix weights = net.weights(l + 1);
  for (int at = engine.thread(); at < rows * width; at += engine.threads()) {
    const int i = at / width;
    const int k = at % width;
    float sum = 0.0f;
    for (int j = 0; j < outputs; ++j) {
      sum = arithmetic::fma(output_deltas.at(i, j), weights.at(k, j), sum);
    }
    net.deltas(l).at(i, k) = through_relu(sum, net.activations(l).at(i, k), dropout.kept);
  }
}

/// Takes the sums of the deltas below a layer.
struct DeltaSink {
  static constexpr bool rare = false;
  Matrix to;
  Matrix activations;
  float kept;  ///< as Dropout's
  AXIOM_DEVICE void operator()(int i, int j, float sum) const {
    to.at(i, j) = through_relu(sum, activations.at(i, j), kept);
  }
};

/// Deltas of hidden layer `l` from those of hidden layer l + 1. No barrier.
template <class Engine, class View>
AXIOM_DEVICE void hidden_deltas(Engine& engine, const View& net, int l, int rows,
                                const Dropout& dropout) {
  engine.template product<Form::delta>(net.deltas(l + 1), net.weights(l + 1), rows,
                                       net.shape().fan_out(l), net.shape().fan_out(l + 1),
                                       FromZero{},
                                       DeltaSink{net.deltas(l), net.activations(l), dropout.kept});
}

/// What SGD does with a gradient.
struct Update {
  float negative_learning_rate;
  float keep;  ///< 1 − learning rate · weight decay, of weights

  AXIOM_DEVICE float weight(float w, float gradient) const {
    return arithmetic::fma(negative_learning_rate, gradient, arithmetic::mul(w, keep));
  }
  AXIOM_DEVICE float bias(float b, float gradient) const {
    return arithmetic::fma(negative_learning_rate, gradient, b);
  }
};

template <class Engine>
AXIOM_DEVICE void update_biases(const Engine& engine, float* biases, Matrix deltas, int rows,
                                int width, const Update& update) {
  for (int j = engine.thread(); j < width; j += engine.threads()) {
    float sum = 0.0f;
#pragma unroll 8
    for (int i = 0; i < rows; ++i) sum = arithmetic::add(sum, deltas.at(i, j));
    biases[j] = update.bias(biases[j], sum);
  }
}

/// Takes the sums of a weight gradient.
struct UpdateSink {
  static constexpr bool rare = false;
  Matrix weights;
  Update update;
  AXIOM_DEVICE void operator()(int i, int j, float sum) const {
    weights.at(i, j) = update.weight(weights.at(i, j), sum);
  }
};

/// Keeps sums as they are.
struct StoreSink {
  static constexpr bool rare = true;
  Matrix to;
  AXIOM_DEVICE void operator()(int i, int j, float sum) const { to.at(i, j) = sum; }
};

template <class Engine, class View>
AXIOM_DEVICE void update_output_layer(const Engine& engine, const View& net, int rows,
                                      const Update& update) {
  const int last = net.shape().layers - 1;
  const int outputs = net.shape().outputs();
  const Matrix input = net.input(last);
  const Matrix weights = net.weights(last);
  const int count = net.shape().fan_in(last) * outputs;
  for (int at = engine.thread(); at < count; at += engine.threads()) {
    const int k = at / outputs;
    const int j = at % outputs;
    float sum = 0.0f;
#pragma unroll 8
    for (int i = 0; i < rows; ++i) {
      sum = arithmetic::fma(input.at(i, k), net.outputs().at(i, j), sum);
    }
    weights.at(k, j) = update.weight(weights.at(k, j), sum);
  }
  update_biases(engine, net.biases(last), net.outputs(), rows, outputs, update);
}

template <class Engine, class View>
AXIOM_DEVICE void update_hidden_layer(Engine& engine, const View& net, int l, int rows,
                                      const Update& update) {
  engine.template product<Form::gradient>(net.input(l), net.deltas(l), net.shape().fan_in(l),
                                          net.shape().fan_out(l), rows, FromZero{},
                                          UpdateSink{net.weights(l), update});
  update_biases(engine, net.biases(l), net.deltas(l), rows, net.shape().fan_out(l), update);
}

/// From logits to updated parameters. Every weight is read by the layer below before it changes.
/// Ends with a barrier.
template <class Engine, class View>
AXIOM_DEVICE void backward(Engine& engine, const View& net, int rows, float scale,
                           const Update& update, const Dropout& dropout) {
  output_deltas(engine, net, rows, scale, net.outputs());
  last_hidden_deltas(engine, net, rows, net.outputs(), dropout);
  engine.synchronize();
  update_output_layer(engine, net, rows, update);
  for (int l = net.shape().hidden_layers() - 1; l >= 0; --l) {
    if (l > 0) {
      if (l + 1 < net.shape().hidden_layers()) engine.synchronize();  // deltas of l + 1 are used
      hidden_deltas(engine, net, l - 1, rows, dropout);
      engine.synchronize();
    }
    update_hidden_layer(engine, net, l, rows, update);
  }
  engine.synchronize();
}

}  // namespace axiom::cuda
