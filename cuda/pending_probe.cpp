#include "cuda/pending_probe.h"

#include <algorithm>

#include "cuda/measures.h"

namespace axiom::cuda {
namespace {

std::size_t matrix_floats(int rows, int columns) {
  return rounded_up(static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded(columns)) *
                    sizeof(float)) /
         sizeof(float);
}

}  // namespace

PendingProbe::PendingProbe(const EvaluationTask& task, const Probe& probe)
    : task_(&task),
      probe_(&probe),
      job_(evaluation_job(*task.run, probe)),
      measured_(is_measured(*task.run, probe)) {}

ProbeValues& PendingProbe::values() const {
  return task_->snapshot->probes[static_cast<std::size_t>(probe_ - task_->run->probes.data())];
}

Activations PendingProbe::on_device(int layer) const {
  return {
      {job_.activations[layer - 1].value}, probe_->samples, task_->run->shape.fan_out(layer - 1)};
}

Activations PendingProbe::inputs_on_device() const {
  return {job_.inputs, probe_->samples, probe_->data->features};
}

void PendingProbe::set_data(const DatasetCache::Addresses& data) {
  job_.inputs = data.inputs;
  job_.labels = data.labels;
  signs_ = data.signs;
}

std::size_t PendingProbe::place_results(std::size_t at) {
  const NetworkShape& shape = task_->run->shape;
  const auto take = [&](int rows, int columns) {
    const std::size_t begin = at;
    at += matrix_floats(rows, columns);
    return begin;
  };
  if (!probe_->score_only) outputs_ = take(probe_->samples, shape.outputs());
  if (!measured_) {
    for (const int layer : probe_->hidden_layers) {
      activations_.push_back(take(probe_->samples, shape.fan_out(layer - 1)));
    }
  }
  if (!probe_->sums.empty()) return at;
  if (probe_->input_gradients) input_gradients_ = take(probe_->samples, shape.inputs());
  if (probe_->first_layer_gradient) {
    first_layer_gradient_ = take(shape.inputs(), shape.fan_out(0));
  }
  return at;
}

DevicePointer PendingProbe::place_on_device(DevicePointer results, DevicePointer at) {
  const NetworkShape& shape = task_->run->shape;
  const auto result = [&](std::size_t floats) { return results + floats * sizeof(float); };
  const auto take = [&](int rows, int columns) {
    const DevicePointer begin = at;
    at += matrix_floats(rows, columns) * sizeof(float);
    return begin;
  };
  job_.outputs = {probe_->score_only ? take(probe_->samples, shape.outputs()) : result(outputs_)};
  int widest = 0;
  for (int l = 0; l < job_.network.hidden_layers(); ++l) {
    const auto& wanted = probe_->hidden_layers;
    const auto found = std::find(wanted.begin(), wanted.end(), l + 1);
    job_.activations[l] = {
        measured_ || found == wanted.end()
            ? take(probe_->samples, shape.fan_out(l))
            : result(activations_[static_cast<std::size_t>(found - wanted.begin())])};
    widest = std::max(widest, shape.fan_out(l));
  }
  if (probe_->input_gradients || probe_->first_layer_gradient) {
    for (auto& deltas : job_.deltas) deltas = {take(probe_->samples, widest)};
    job_.output_deltas = {take(probe_->samples, shape.outputs())};
  }
  const bool summed = !probe_->sums.empty();
  if (probe_->input_gradients) {
    job_.input_gradients = {summed ? take(probe_->samples, shape.inputs())
                                   : result(input_gradients_)};
  }
  if (probe_->first_layer_gradient) {
    job_.first_layer_gradient = {summed ? take(shape.inputs(), shape.fan_out(0))
                                        : result(first_layer_gradient_)};
  }
  return at;
}

void PendingProbe::unpack(const float* results) const {
  ProbeValues& to = values();
  const NetworkShape& shape = task_->run->shape;
  const auto unpack_matrix = [&](std::size_t from, int rows, int columns,
                                 std::vector<float>& matrix) {
    matrix.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    unpad_rows(results + from, rows, columns, matrix.data());
  };
  if (!probe_->score_only) {
    unpack_matrix(outputs_, probe_->samples, shape.outputs(), to.outputs);
  }
  to.activations.resize(activations_.size());
  for (std::size_t a = 0; a < activations_.size(); ++a) {
    unpack_matrix(activations_[a], probe_->samples, shape.fan_out(probe_->hidden_layers[a] - 1),
                  to.activations[a]);
  }
  if (!probe_->sums.empty()) return;
  if (probe_->input_gradients) {
    unpack_matrix(input_gradients_, probe_->samples, shape.inputs(), to.input_gradients);
  }
  if (probe_->first_layer_gradient) {
    unpack_matrix(first_layer_gradient_, shape.inputs(), shape.fan_out(0), to.first_layer_gradient);
  }
}

}  // namespace axiom::cuda
