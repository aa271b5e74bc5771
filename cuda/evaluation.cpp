// The part of the executor that evaluates networks on their probes.
#include <algorithm>
#include <cstring>
#include <utility>

#include "client/plan/step.h"
#include "cuda/executor.h"
#include "cuda/kernels/team_layout.h"
#include "cuda/packing.h"

namespace axiom::cuda {
namespace {

std::size_t matrix_floats(int rows, int columns) {
  return rounded_up(static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded(columns)) *
                    sizeof(float)) /
         sizeof(float);
}

/// One probe on its way through the device. Results of all probes lie in one piece of memory.
struct PendingProbe {
  PendingProbe(const EvaluationTask& t, const Probe& p)
      : task(&t), probe(&p), job(evaluation_job(*t.run, p)) {}

  const EvaluationTask* task;
  const Probe* probe;
  EvaluationJob job;
  std::size_t outputs = 0;  ///< where results begin, in floats
  std::vector<std::size_t> activations;
  std::size_t input_gradients = 0;
  std::size_t first_layer_gradient = 0;

  bool gradients() const { return probe->input_gradients || probe->first_layer_gradient; }

  /// Space for what is wanted back. Returns the end.
  std::size_t place_results(std::size_t at) {
    const NetworkShape& shape = task->run->shape;
    const auto take = [&](int rows, int columns) {
      const std::size_t begin = at;
      at += matrix_floats(rows, columns);
      return begin;
    };
    outputs = take(probe->samples, shape.outputs());
    for (const int layer : probe->hidden_layers) {
      activations.push_back(take(probe->samples, shape.fan_out(layer - 1)));
    }
    if (probe->input_gradients) input_gradients = take(probe->samples, shape.inputs());
    if (probe->first_layer_gradient) {
      first_layer_gradient = take(shape.inputs(), shape.fan_out(0));
    }
    return at;
  }

  /// Addresses of results and, from `at` on, of scratch. Returns the end.
  DevicePointer place_on_device(DevicePointer results, DevicePointer at) {
    const NetworkShape& shape = task->run->shape;
    const auto result = [&](std::size_t floats) { return results + floats * sizeof(float); };
    const auto take = [&](int rows, int columns) {
      const DevicePointer begin = at;
      at += matrix_floats(rows, columns) * sizeof(float);
      return begin;
    };
    job.outputs = {result(outputs)};
    int widest = 0;
    for (int l = 0; l < job.network.hidden_layers(); ++l) {
      const auto& wanted = probe->hidden_layers;
      const auto found = std::find(wanted.begin(), wanted.end(), l + 1);
      job.activations[l] = {
          found == wanted.end()
              ? take(probe->samples, shape.fan_out(l))
              : result(activations[static_cast<std::size_t>(found - wanted.begin())])};
      widest = std::max(widest, shape.fan_out(l));
    }
    if (gradients()) {
      for (auto& deltas : job.deltas) deltas = {take(probe->samples, widest)};
      job.output_deltas = {take(probe->samples, shape.outputs())};
    }
    if (probe->input_gradients) job.input_gradients = {result(input_gradients)};
    if (probe->first_layer_gradient) job.first_layer_gradient = {result(first_layer_gradient)};
    return at;
  }

  void unpack(const float* results, ProbeValues& values) const {
    const NetworkShape& shape = task->run->shape;
    const auto unpack_matrix = [&](std::size_t from, int rows, int columns,
                                   std::vector<float>& to) {
      to.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
      unpad_rows(results + from, rows, columns, to.data());
    };
    unpack_matrix(outputs, probe->samples, shape.outputs(), values.outputs);
    values.activations.resize(activations.size());
    for (std::size_t a = 0; a < activations.size(); ++a) {
      unpack_matrix(activations[a], probe->samples, shape.fan_out(probe->hidden_layers[a] - 1),
                    values.activations[a]);
    }
    if (probe->input_gradients) {
      unpack_matrix(input_gradients, probe->samples, shape.inputs(), values.input_gradients);
    }
    if (probe->first_layer_gradient) {
      unpack_matrix(first_layer_gradient, shape.inputs(), shape.fan_out(0),
                    values.first_layer_gradient);
    }
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Diverged snapshots hold NaN, whose bits mean nothing.
bool same_bits(const Snapshot& a, const Snapshot& b) {
  if (a.diverged || b.diverged) return a.diverged == b.diverged;
  for (std::size_t p = 0; p < a.probes.size(); ++p) {
    const ProbeValues& x = a.probes[p];
    const ProbeValues& y = b.probes[p];
    bool same = same_bits(x.outputs, y.outputs) &&
                same_bits(x.input_gradients, y.input_gradients) &&
                same_bits(x.first_layer_gradient, y.first_layer_gradient);
    for (std::size_t l = 0; l < x.activations.size(); ++l) {
      same = same && same_bits(x.activations[l], y.activations[l]);
    }
    if (!same) return false;
  }
  return true;
}

}  // namespace

void CudaExecutor::evaluate_in_parts(std::span<const EvaluationTask> tasks) {
  std::vector<EvaluationTask> batch;
  std::size_t bytes = 0;
  for (const EvaluationTask& task : tasks) {
    Snapshot& snapshot = *task.snapshot;
    snapshot.parameters = task.state->parameters;
    snapshot.diverged = task.state->diverged || !all_finite(task.state->parameters);
    snapshot.probes.resize(task.run->probes.size());
    if (snapshot.diverged) continue;
    const std::size_t more = evaluation_bytes(*task.run);
    if (!batch.empty() &&
        bytes + more > std::max(options_.evaluation_bytes, memory_.arena.bytes())) {
      evaluate_batch(batch);
      batch.clear();
      bytes = 0;
    }
    batch.push_back(task);
    bytes += more;
  }
  if (!batch.empty()) evaluate_batch(batch);
}

// Does the sampled ones again and compares.
bool CudaExecutor::evaluation_verified(std::span<const EvaluationTask> tasks, std::string& what) {
  std::vector<EvaluationTask> again;
  std::vector<const Snapshot*> first;
  for (const EvaluationTask& task : tasks) {
    if (!watch_.is_sampled(*task.run, task.state->step, options_.replay_share)) continue;
    again.push_back(task);
    first.push_back(task.snapshot);
  }
  std::vector<Snapshot> second(again.size());
  for (std::size_t i = 0; i < again.size(); ++i) again[i].snapshot = &second[i];
  evaluate_in_parts(again);
  for (std::size_t i = 0; i < again.size(); ++i) {
    const TrainingRun& run = *again[i].run;
    for (const Probe& probe : run.probes) {
      if (memory_.datasets.intact(probe.data, memory_.stream)) continue;
      what = "samples in the device's memory have changed";
      return false;
    }
    if (same_bits(*first[i], second[i])) continue;
    what = "the evaluation of network " + std::to_string(run.network) + " at step " +
           std::to_string(again[i].state->step) + ", seed " + std::to_string(run.seed) +
           " differs when done twice";
    return false;
  }
  return true;
}

void CudaExecutor::evaluate_batch(std::span<const EvaluationTask> tasks) {
  std::vector<PendingProbe> pending;
  std::vector<std::size_t> parameters;  // of each probe's network, in floats
  std::size_t end = 0;
  for (const EvaluationTask& task : tasks) {
    for (const Probe& probe : task.run->probes) {
      pending.emplace_back(task, probe);
      parameters.push_back(end);
    }
    end += rounded_up(static_cast<std::size_t>(network_of(task.run->shape).parameters()) *
                      sizeof(float)) /
           sizeof(float);
  }
  memory_.staging.resize(end);
  for (std::size_t p = 0; p < pending.size(); ++p) {
    pack_parameters(pending[p].task->run->shape, pending[p].task->state->parameters,
                    memory_.staging.data() + parameters[p]);
  }
  LaunchShape shape{&device_->team(), team_threads, team_shared_bytes, true, true};
  shape.resident = device_->resident_blocks(*shape.kernel, shape.threads, shape.shared_bytes);

  std::size_t result_floats = 0;
  for (PendingProbe& probe : pending) result_floats = probe.place_results(result_floats);
  DevicePointer control = 0;
  DevicePointer jobs = 0;
  DevicePointer results = 0;
  const auto lay_out = [&](DevicePointer base) {
    DevicePointer at = base;
    const auto take = [&](std::size_t bytes) { return std::exchange(at, at + rounded_up(bytes)); };
    const DevicePointer packed = take(end * sizeof(float));
    control = take(control_bytes(shape));
    jobs = take(pending.size() * sizeof(EvaluationJob));
    results = take(result_floats * sizeof(float));
    for (std::size_t p = 0; p < pending.size(); ++p) {
      pending[p].job.parameters = {packed + parameters[p] * sizeof(float)};
      at = pending[p].place_on_device(results, at);
    }
    return static_cast<std::size_t>(at - base);
  };
  memory_.arena.reserve(lay_out(0));
  lay_out(memory_.arena.address());
  std::vector<EvaluationJob> list;
  for (PendingProbe& probe : pending) {
    const auto data = memory_.datasets.find_or_upload(probe.probe->data, memory_.stream);
    probe.job.inputs = data.inputs;
    probe.job.labels = data.labels;
    list.push_back(probe.job);
  }
  memory_.stream.upload(memory_.arena.address(), memory_.staging.data(), end * sizeof(float));
  // A launch ends in time, so it may take several to go through the list.
  std::uint32_t done = 0;
  while (done < list.size()) {
    memory_.stream.upload(jobs, list.data() + done, (list.size() - done) * sizeof(EvaluationJob));
    launch(*device_, shape, jobs, list.size() - done, control, options_.launch_seconds,
           memory_.stream);
    LaunchState state{};
    memory_.stream.download(&state, control, sizeof state);
    memory_.stream.wait();
    done += std::min(state.next_job, static_cast<std::uint32_t>(list.size()) - done);
  }
  std::vector<float> back(result_floats);
  memory_.stream.download(back.data(), results, result_floats * sizeof(float));
  memory_.stream.wait();
  for (std::size_t p = 0; p < pending.size(); ++p) {
    Snapshot& snapshot = *pending[p].task->snapshot;
    if (snapshot.diverged) continue;
    const auto index =
        static_cast<std::size_t>(pending[p].probe - pending[p].task->run->probes.data());
    pending[p].unpack(back.data(), snapshot.probes[index]);
    snapshot.diverged = !all_finite(snapshot.probes[index].outputs);
  }
}

}  // namespace axiom::cuda
