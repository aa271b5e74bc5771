#include "cuda/pending_evaluation.h"

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

PendingEvaluation::PendingEvaluation(const EvaluationTask& task, const EvaluationSet& evaluation)
    : task_(&task),
      set_(&evaluation),
      job_(evaluation_job(*task.run, evaluation)),
      measured_(is_measured(*task.run, evaluation)) {}

Evaluation& PendingEvaluation::values() const {
  return task_->snapshot
      ->evaluations[static_cast<std::size_t>(set_ - task_->run->evaluation_sets.data())];
}

Activations PendingEvaluation::on_device(int layer) const {
  return {{job_.activations[layer - 1].value}, set_->samples, task_->run->shape.fan_out(layer - 1)};
}

Activations PendingEvaluation::inputs_on_device() const {
  return {job_.inputs, set_->samples, set_->data->features};
}

void PendingEvaluation::set_data(const DatasetCache::Addresses& data) {
  job_.inputs = data.inputs;
  job_.labels = data.labels;
  signs_ = data.signs;
}

std::size_t PendingEvaluation::place_results(std::size_t at) {
  const NetworkShape& shape = task_->run->shape;
  const auto take = [&](int rows, int columns) {
    const std::size_t begin = at;
    at += matrix_floats(rows, columns);
    return begin;
  };
  if (!set_->score_only) outputs_ = take(set_->samples, shape.outputs());
  if (!measured_) {
    for (const int layer : set_->hidden_layers) {
      activations_.push_back(take(set_->samples, shape.fan_out(layer - 1)));
    }
  }
  if (!set_->sums.empty()) return at;
  if (set_->input_gradients) input_gradients_ = take(set_->samples, shape.inputs());
  if (set_->first_layer_gradient) {
    first_layer_gradient_ = take(shape.inputs(), shape.fan_out(0));
  }
  return at;
}

DevicePointer PendingEvaluation::place_on_device(DevicePointer results, DevicePointer at) {
  const NetworkShape& shape = task_->run->shape;
  const auto result = [&](std::size_t floats) { return results + floats * sizeof(float); };
  const auto take = [&](int rows, int columns) {
    const DevicePointer begin = at;
    at += matrix_floats(rows, columns) * sizeof(float);
    return begin;
  };
  job_.outputs = {set_->score_only ? take(set_->samples, shape.outputs()) : result(outputs_)};
  int widest = 0;
  for (int l = 0; l < job_.network.hidden_layers(); ++l) {
    const auto& wanted = set_->hidden_layers;
    const auto found = std::find(wanted.begin(), wanted.end(), l + 1);
    job_.activations[l] = {
        measured_ || found == wanted.end()
            ? take(set_->samples, shape.fan_out(l))
            : result(activations_[static_cast<std::size_t>(found - wanted.begin())])};
    widest = std::max(widest, shape.fan_out(l));
  }
  if (set_->input_gradients || set_->first_layer_gradient) {
    for (auto& deltas : job_.deltas) deltas = {take(set_->samples, widest)};
    job_.output_deltas = {take(set_->samples, shape.outputs())};
  }
  const bool summed = !set_->sums.empty();
  if (set_->input_gradients) {
    job_.input_gradients = {summed ? take(set_->samples, shape.inputs())
                                   : result(input_gradients_)};
  }
  if (set_->first_layer_gradient) {
    job_.first_layer_gradient = {summed ? take(shape.inputs(), shape.fan_out(0))
                                        : result(first_layer_gradient_)};
  }
  return at;
}

void PendingEvaluation::unpack(const float* results) const {
  Evaluation& to = values();
  const NetworkShape& shape = task_->run->shape;
  const auto unpack_matrix = [&](std::size_t from, int rows, int columns,
                                 std::vector<float>& matrix) {
    matrix.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    unpad_rows(results + from, rows, columns, matrix.data());
  };
  if (!set_->score_only) {
    unpack_matrix(outputs_, set_->samples, shape.outputs(), to.outputs);
  }
  to.activations.resize(activations_.size());
  for (std::size_t a = 0; a < activations_.size(); ++a) {
    unpack_matrix(activations_[a], set_->samples, shape.fan_out(set_->hidden_layers[a] - 1),
                  to.activations[a]);
  }
  if (!set_->sums.empty()) return;
  if (set_->input_gradients) {
    unpack_matrix(input_gradients_, set_->samples, shape.inputs(), to.input_gradients);
  }
  if (set_->first_layer_gradient) {
    unpack_matrix(first_layer_gradient_, shape.inputs(), shape.fan_out(0), to.first_layer_gradient);
  }
}

}  // namespace axiom::cuda
