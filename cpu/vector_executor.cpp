#include "cpu/vector_executor.h"

#include <algorithm>

#include "client/arithmetic/ops.h"
#include "cpu/workspace.h"

namespace axiom::cpu {

namespace {

constexpr int evaluation_rows = 128;

/// Samples worked on at once: larger batches in blocks whose activations stay in the second-level
/// cache beside the weights (measured: docs/PERFORMANCE_CHANGES.md).
constexpr int training_rows = 64;
static_assert(training_rows <= NonZeros::depth);

int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

PackedNetwork::Demand training_demand(const TrainingRun& run, const ZeroSkipping& skipping) {
  PackedNetwork::Demand demand;
  demand.block_rows = std::min(run.batch_size(), training_rows);
  demand.backward_rows = run.batch_size();
  demand.split_gradients = demand.block_rows < run.batch_size();
  demand.dropout = run.dropout > 0;
  demand.skips_zeros_from = skipping.least_units(demand.block_rows);
  return demand;
}
/// All evaluation sets of a run share one packed network.
PackedNetwork::Demand evaluation_demand(const TrainingRun& run, const ZeroSkipping& skipping) {
  PackedNetwork::Demand demand;
  for (const EvaluationSet& set : run.evaluation_sets) {
    demand.block_rows = std::max(demand.block_rows, std::min(set.samples, evaluation_rows));
    if (set.input_gradients || set.first_layer_gradient) {
      demand.backward_rows = std::max(demand.backward_rows, set.samples);
    }
    demand.first_layer_gradient |= set.first_layer_gradient;
    demand.input_gradients |= set.input_gradients;
  }
  demand.skips_zeros_from = skipping.least_units(demand.block_rows);
  return demand;
}

std::size_t packed_bytes(int samples, int features, int width) {
  return static_cast<std::size_t>(samples) * static_cast<std::size_t>(round_up(features, width)) *
         sizeof(float);
}

}  // namespace

std::size_t snapshot_bytes(const TrainingRun& run) {
  std::size_t floats = 0;
  for (const EvaluationSet& set : run.evaluation_sets) {
    const auto samples = static_cast<std::size_t>(set.samples);
    std::size_t row = static_cast<std::size_t>(run.shape.outputs());
    for (const int layer : set.hidden_layers) {
      row += static_cast<std::size_t>(run.shape.sizes[static_cast<std::size_t>(layer)]);
    }
    if (set.input_gradients) row += static_cast<std::size_t>(run.shape.inputs());
    floats += samples * row;
    if (set.first_layer_gradient) floats += run.shape.weights(0);
  }
  return floats * sizeof(float);
}

std::size_t VectorExecutor::bytes(const Kernels& kernels, const ZeroSkipping& skipping,
                                  const TrainingRun& run) {
  const int width = kernels.panel_width;
  const std::size_t network =
      std::max(PackedNetwork::bytes(run.shape, width, training_demand(run, skipping)),
               PackedNetwork::bytes(run.shape, width, evaluation_demand(run, skipping)));
  std::size_t data = packed_bytes(run.samples, run.shape.inputs(), width);
  for (const EvaluationSet& set : run.evaluation_sets) {
    data = std::max(data, packed_bytes(set.samples, run.shape.inputs(), width));
  }
  return network + data + EpochOrder::bytes(run) + snapshot_bytes(run);
}

void VectorExecutor::release() {
  network_.release();
  data_memory_.release();
  order_ = EpochOrder();
  factors_ = {};
  release_thread_workspace();
}

void VectorExecutor::pack_data(const Dataset& data, int samples) {
  row_stride_ = round_up(data.features, kernels_.panel_width);
  data_ = static_cast<float*>(
      data_memory_.zeroed(packed_bytes(samples, data.features, kernels_.panel_width)));
  for (int i = 0; i < samples; ++i) {
    const float* row = data.inputs.data() + static_cast<std::ptrdiff_t>(i) * data.features;
    std::copy(row, row + data.features, data_ + static_cast<std::ptrdiff_t>(i) * row_stride_);
  }
}

void VectorExecutor::train(const TrainingRun& run, RunState& state, std::uint64_t until,
                           const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) {
  const PackedNetwork::Demand demand = training_demand(run, skipping_);
  network_.shape(run.shape, kernels_.panel_width, demand);
  network_.load(run.shape, state.parameters);
  kernels_.transpose_weights(network_.buffers(), false);
  pack_data(*run.train, run.samples);
  order_ = EpochOrder();
  while (state.step < until) {
    step(run, *run.train, state.step, demand.block_rows);
    ++state.step;
    progress.fetch_add(1, std::memory_order_relaxed);
    if (pause.load(std::memory_order_relaxed)) break;
  }
  network_.store(run.shape, state.parameters);
}

void VectorExecutor::step(const TrainingRun& run, const Dataset& data, std::uint64_t index,
                          int block_rows) {
  const StepRange range = step_range(run, index);
  const StepScalars scalars = step_scalars(run, range.count);
  const std::int32_t* order = order_.of(run, range.epoch);
  const NetworkBuffers& net = network_.buffers();
  for (int done = 0; done < range.count; done += block_rows) {
    const int rows = std::min(block_rows, range.count - done);
    const int first = range.first + done;
    if (run.dropout > 0) fill_masks(run, range.epoch, first, rows);
    kernels_.gather(net, {data_, data.labels.data(), order, row_stride_, first, rows,
                          run.samples - first - rows});
    kernels_.forward(net, rows);
    kernels_.backward(net, rows,
                      {scalars.scale, scalars.negative_learning_rate, scalars.keep, done == 0,
                       done + rows == range.count});
  }
}

void VectorExecutor::fill_masks(const TrainingRun& run, std::uint32_t epoch, int position,
                                int rows) {
  const DropoutFactors dropout(run);
  factors_.resize(static_cast<std::size_t>(run.shape.hidden_units()));
  const int width = kernels_.panel_width;
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(network_.buffers().capacity) * width;
  for (int i = 0; i < rows; ++i) {
    dropout.fill(run, epoch, position + i, factors_);
    const float* factor = factors_.data();
    for (int l = 0; l + 1 < run.shape.layers(); ++l) {
      float* mask = network_.mask(l) + static_cast<std::ptrdiff_t>(i) * width;
      int left = run.shape.fan_out(l);
      for (; left > 0; left -= width, mask += stride) {
        const int some = std::min(left, width);
        std::copy(factor, factor + some, mask);
        factor += some;
      }
    }
  }
}

void VectorExecutor::evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) {
  snapshot.parameters = state.parameters;
  snapshot.diverged = state.diverged || !all_finite(state.parameters);
  snapshot.evaluations.resize(run.evaluation_sets.size());
  if (snapshot.diverged) return;
  const PackedNetwork::Demand demand = evaluation_demand(run, skipping_);
  network_.shape(run.shape, kernels_.panel_width, demand);
  network_.load(run.shape, state.parameters);
  kernels_.transpose_weights(network_.buffers(), demand.input_gradients);
  for (std::size_t i = 0; i < run.evaluation_sets.size() && !snapshot.diverged; ++i) {
    evaluate_on(run, run.evaluation_sets[i], snapshot.evaluations[i]);
    snapshot.diverged = !all_finite(snapshot.evaluations[i].outputs);
  }
}

void VectorExecutor::evaluate_on(const TrainingRun& run, const EvaluationSet& set,
                                 Evaluation& values) {
  pack_data(*set.data, set.samples);
  const NetworkBuffers& net = network_.buffers();
  const auto samples = static_cast<std::size_t>(set.samples);
  const auto sized = [&](std::vector<float>& matrix, int columns) {
    matrix.resize(samples * static_cast<std::size_t>(columns));
  };
  sized(values.outputs, run.shape.outputs());
  values.activations.resize(set.hidden_layers.size());
  for (std::size_t a = 0; a < set.hidden_layers.size(); ++a) {
    sized(values.activations[a], run.shape.fan_out(set.hidden_layers[a] - 1));
  }
  if (set.input_gradients) sized(values.input_gradients, run.shape.inputs());
  const float mean = arithmetic::div(1.0f, static_cast<float>(set.samples));
  for (int first = 0; first < set.samples; first += evaluation_rows) {
    rest();
    const int rows = std::min(evaluation_rows, set.samples - first);
    const auto row_of = [first](std::vector<float>& matrix, int columns) {
      return matrix.data() + static_cast<std::ptrdiff_t>(first) * columns;
    };
    kernels_.gather(net, {data_, set.data->labels.data(), nullptr, row_stride_, first, rows, 0});
    kernels_.forward(net, rows);
    network_.unpack_outputs(rows, row_of(values.outputs, run.shape.outputs()));
    for (std::size_t a = 0; a < set.hidden_layers.size(); ++a) {
      const LayerBuffers& layer = net.layer[set.hidden_layers[a] - 1];
      network_.unpack_block(layer.activations, rows, layer.fan_out,
                            row_of(values.activations[a], layer.fan_out));
    }
    if (set.input_gradients) {
      kernels_.input_gradients(net, rows);
      network_.unpack_block(net.input_gradients, rows, run.shape.inputs(),
                            row_of(values.input_gradients, run.shape.inputs()));
    }
    if (set.first_layer_gradient) {
      kernels_.first_layer_gradient(net, rows, mean, first == 0);
    }
  }
  if (set.first_layer_gradient) {
    values.first_layer_gradient.resize(run.shape.weights(0));
    network_.store_first_gradient(values.first_layer_gradient);
  }
}

}  // namespace axiom::cpu
