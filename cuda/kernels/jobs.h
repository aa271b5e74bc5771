// What the host hands to the kernels: plain data of fixed layout, equal for both.
#pragma once

#include <cstdint>

#include "client/arithmetic/platform.h"

namespace axiom::cuda {

inline constexpr int max_layers = 4;  ///< three hidden layers and the output

/// An address in the device's memory.
template <class T>
struct Address {
  std::uint64_t value;
  AXIOM_HOST_DEVICE T* get() const { return reinterpret_cast<T*>(value); }
};

/// Rows on the device are padded to whole quads. Padding may hold anything; no sum reads it.
AXIOM_HOST_DEVICE constexpr int padded(int columns) { return (columns + 3) / 4 * 4; }

/// A fully connected network. Its parameters on the device: layer after layer, weights as
/// fan_in × padded(fan_out), then padded(fan_out) biases.
struct Network {
  std::int32_t layers;
  std::int32_t sizes[max_layers + 1];
  std::int32_t sigmoid;  ///< one output and sigmoid cross-entropy; else softmax

  AXIOM_HOST_DEVICE constexpr int fan_in(int layer) const { return sizes[layer]; }
  AXIOM_HOST_DEVICE constexpr int fan_out(int layer) const { return sizes[layer + 1]; }
  AXIOM_HOST_DEVICE constexpr int hidden_layers() const { return layers - 1; }
  AXIOM_HOST_DEVICE constexpr int outputs() const { return sizes[layers]; }
  AXIOM_HOST_DEVICE constexpr int hidden_units() const {
    int units = 0;
    for (int l = 1; l < layers; ++l) units += sizes[l];
    return units;
  }
  AXIOM_HOST_DEVICE constexpr std::int64_t weights_offset(int layer) const {
    std::int64_t offset = 0;
    for (int l = 0; l < layer; ++l) {
      offset += static_cast<std::int64_t>(sizes[l] + 1) * padded(sizes[l + 1]);
    }
    return offset;
  }
  AXIOM_HOST_DEVICE constexpr std::int64_t biases_offset(int layer) const {
    return weights_offset(layer) + static_cast<std::int64_t>(sizes[layer]) * padded(fan_out(layer));
  }
  AXIOM_HOST_DEVICE constexpr std::int64_t parameters() const { return weights_offset(layers); }
};

/// One network to be trained for some steps.
struct TrainingJob {
  Network network;
  std::int32_t samples;
  std::int32_t batch;     ///< samples of a mini-batch; the last one of an epoch may be smaller
  std::int32_t shuffled;  ///< 0: full batches in data order
  float negative_learning_rate;
  float keep;                       ///< 1 − learning rate · weight decay
  float kept_factor;                ///< of a unit that dropout keeps; 0 = no dropout
  std::uint64_t dropout_threshold;  ///< words below it drop the unit
  std::uint64_t seed;
  std::uint32_t trial;
  std::uint32_t network_index;
  std::uint64_t steps_per_epoch;
  std::uint64_t step;  ///< in: done before; out: done
  std::uint64_t until;
  Address<float> parameters;           ///< in and out
  Address<const float> inputs;         ///< samples × padded(features)
  Address<const std::int32_t> labels;  ///< samples
  Address<std::int32_t> order;         ///< team kernel, shuffled: samples
  Address<float> workspace;            ///< team kernel: TeamLayout's floats
};

/// One network to be evaluated on one evaluation set.
struct EvaluationJob {
  Network network;
  std::int32_t samples;
  float mean;  ///< 1 / samples
  Address<const float> parameters;
  Address<const float> inputs;         ///< samples × padded(features)
  Address<const std::int32_t> labels;  ///< samples
  Address<float>
      activations[max_layers - 1];  ///< out: samples × padded(width) of each hidden layer
  Address<float> outputs;           ///< out: samples × padded(outputs)
  // For gradients; value 0 = not wanted.
  Address<float> deltas[2];             ///< scratch: samples × padded(widest hidden layer) each
  Address<float> output_deltas;         ///< scratch: samples × padded(outputs)
  Address<float> input_gradients;       ///< out: samples × padded(features)
  Address<float> first_layer_gradient;  ///< out: features × padded(first width)
};

/// What the blocks of a launch share; zeroed before it.
struct LaunchState {
  std::uint32_t next_job;
  std::uint32_t reserved;
  std::uint64_t started;  ///< nanoseconds() of the first block
};

/// A block's place in a launch, in its shared memory. Its first thread's, but for what it tells.
struct Turn {
  std::uint64_t started;  ///< as LaunchState's, once it is known; else 0
  std::uint32_t next;     ///< job
  std::int32_t stop;      ///< whether the time is up
};

/// What the blocks of one team share; zeroed before the launch.
struct TeamState {
  std::uint32_t arrived;  ///< at barriers, in all
  std::uint32_t job;
  std::uint32_t stop;
  std::uint32_t reserved;
};

}  // namespace axiom::cuda
