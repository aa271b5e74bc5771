#include "cuda/packing.h"

#include <algorithm>

#include "client/arithmetic/ops.h"
#include "client/plan/step.h"
#include "cuda/kernels/block_layout.h"
#include "cuda/kernels/team_layout.h"

namespace axiom::cuda {
namespace {

std::size_t matrix_bytes(int rows, int columns) {
  return rounded_up(static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded(columns)) *
                    sizeof(float));
}

int widest_hidden(const Network& net) {
  return *std::max_element(net.sizes + 1, net.sizes + net.layers);
}

}  // namespace

Network network_of(const NetworkShape& shape) {
  Network net{};
  net.layers = shape.layers();
  std::copy(shape.sizes.begin(), shape.sizes.end(), net.sizes);
  net.sigmoid = shape.loss == Loss::sigmoid_cross_entropy ? 1 : 0;
  return net;
}

std::size_t parameter_bytes(const NetworkShape& shape) {
  return rounded_up(static_cast<std::size_t>(network_of(shape).parameters()) * sizeof(float));
}

std::size_t block_shared_bytes(const TrainingRun& run) {
  const BlockLayout layout(network_of(run.shape), run.batch_size(), run.samples);
  return static_cast<std::size_t>(layout.floats) * sizeof(float);
}

bool fits_block(const TrainingRun& run, std::size_t shared_bytes) {
  constexpr int largest_batch = 256;  // keeps the layout's offsets small
  return run.batch != 0 && run.samples <= 65535 && run.batch_size() <= largest_batch &&
         block_shared_bytes(run) <= shared_bytes;
}

// A thread for every 8 × 4 outputs of the widest layer, as far as that makes whole warps.
int block_threads(const TrainingRun& run) {
  const int outputs = run.batch_size() * widest_hidden(network_of(run.shape));
  return std::clamp((outputs / 32 + 31) / 32 * 32, 64, block_threads_limit);
}

std::size_t training_bytes(const TrainingRun& run, bool in_block) {
  const Network net = network_of(run.shape);
  std::size_t bytes = parameter_bytes(run.shape) + sizeof(TrainingJob);
  if (in_block) return bytes;
  const TeamLayout layout(net, run.batch_size(), run.batch != 0);
  bytes += rounded_up(static_cast<std::size_t>(layout.floats) * sizeof(float));
  if (run.batch != 0) {
    bytes += rounded_up(static_cast<std::size_t>(run.samples) * sizeof(std::int32_t));
  }
  return bytes;
}

std::size_t evaluation_bytes(const TrainingRun& run) {
  const Network net = network_of(run.shape);
  std::size_t bytes = parameter_bytes(run.shape);
  for (const EvaluationSet& set : run.evaluation_sets) {
    bytes += sizeof(EvaluationJob);
    for (int l = 0; l < net.hidden_layers(); ++l) {
      bytes += matrix_bytes(set.samples, net.fan_out(l));
    }
    bytes += matrix_bytes(set.samples, net.outputs());
    if (set.input_gradients || set.first_layer_gradient) {
      bytes += 2 * matrix_bytes(set.samples, widest_hidden(net)) +
               matrix_bytes(set.samples, net.outputs());
    }
    if (set.input_gradients) bytes += matrix_bytes(set.samples, net.fan_in(0));
    if (set.first_layer_gradient) bytes += matrix_bytes(net.fan_in(0), net.fan_out(0));
  }
  return bytes;
}

std::size_t dataset_bytes(const Dataset& data) {
  return matrix_bytes(data.samples, data.features) +
         rounded_up(static_cast<std::size_t>(data.samples) * sizeof(std::int32_t)) +
         rounded_up(static_cast<std::size_t>(data.samples) *
                    static_cast<std::size_t>(data.signs_per_sample));
}

void pad_rows(const float* from, int rows, int columns, float* to) {
  const int stride = padded(columns);
  for (int r = 0; r < rows; ++r, from += columns, to += stride) {
    std::copy(from, from + columns, to);
    std::fill(to + columns, to + stride, 0.0f);
  }
}

void unpad_rows(const float* from, int rows, int columns, float* to) {
  const int stride = padded(columns);
  for (int r = 0; r < rows; ++r, from += stride, to += columns) {
    std::copy(from, from + columns, to);
  }
}

void pack_parameters(const NetworkShape& shape, std::span<const float> parameters, float* to) {
  const Network net = network_of(shape);
  for (int l = 0; l < net.layers; ++l) {
    pad_rows(parameters.data() + shape.weight_offset(l), net.fan_in(l), net.fan_out(l),
             to + net.weights_offset(l));
    pad_rows(parameters.data() + shape.bias_offset(l), 1, net.fan_out(l),
             to + net.biases_offset(l));
  }
}

void unpack_parameters(const NetworkShape& shape, const float* from, std::span<float> parameters) {
  const Network net = network_of(shape);
  for (int l = 0; l < net.layers; ++l) {
    unpad_rows(from + net.weights_offset(l), net.fan_in(l), net.fan_out(l),
               parameters.data() + shape.weight_offset(l));
    unpad_rows(from + net.biases_offset(l), 1, net.fan_out(l),
               parameters.data() + shape.bias_offset(l));
  }
}

TrainingJob training_job(const TrainingRun& run, std::uint64_t step, std::uint64_t until) {
  const StepScalars scalars = step_scalars(run, run.batch_size());
  const DropoutFactors dropout(run);
  TrainingJob job{};
  job.network = network_of(run.shape);
  job.samples = run.samples;
  job.batch = run.batch_size();
  job.shuffled = run.batch != 0 ? 1 : 0;
  job.negative_learning_rate = scalars.negative_learning_rate;
  job.keep = scalars.keep;
  job.kept_factor = run.dropout > 0 ? dropout.kept() : 0.0f;
  job.dropout_threshold = dropout.threshold();
  job.seed = run.seed;
  job.trial = run.trial;
  job.network_index = run.network;
  job.steps_per_epoch = run.steps_per_epoch();
  job.step = step;
  job.until = until;
  return job;
}

EvaluationJob evaluation_job(const TrainingRun& run, const EvaluationSet& set) {
  EvaluationJob job{};
  job.network = network_of(run.shape);
  job.samples = set.samples;
  job.mean = arithmetic::div(1.0f, static_cast<float>(set.samples));
  return job;
}

}  // namespace axiom::cuda
