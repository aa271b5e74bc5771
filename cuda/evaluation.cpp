// The part of the executor that evaluates networks on their evaluation sets.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "client/plan/step.h"
#include "cuda/executor.h"
#include "cuda/kernels/team_layout.h"
#include "cuda/measures.h"
#include "cuda/packing.h"
#include "cuda/pending_evaluation.h"
#include "cuda/scores.h"
#include "cuda/staged_networks.h"

namespace axiom::cuda {
namespace {

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}
template <class T>
bool same_bits(const std::vector<std::vector<T>>& a, const std::vector<std::vector<T>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return same_bits(x, y); });
}

// Diverged snapshots hold NaN, whose bits mean nothing.
bool same_bits(const Snapshot& a, const Snapshot& b) {
  if (a.diverged || b.diverged) return a.diverged == b.diverged;
  for (std::size_t p = 0; p < a.evaluations.size(); ++p) {
    const Evaluation& x = a.evaluations[p];
    const Evaluation& y = b.evaluations[p];
    const bool same = same_bits(x.outputs, y.outputs) && same_bits(x.activations, y.activations) &&
                      same_bits(x.squared_singular_values, y.squared_singular_values) &&
                      same_bits(x.inner_products, y.inner_products) &&
                      same_bits(x.probe_accuracies, y.probe_accuracies) &&
                      same_bits(x.input_correlations, y.input_correlations) && x.score == y.score &&
                      same_bits(x.sums, y.sums) &&
                      same_bits(x.input_gradients, y.input_gradients) &&
                      same_bits(x.first_layer_gradient, y.first_layer_gradient);
    if (!same) return false;
  }
  return true;
}

/// The end of the group that begins at `first`.
std::size_t group_end(std::span<const EvaluationTask> tasks, std::size_t first) {
  std::size_t end = first + 1;
  while (tasks[first].group != nullptr && end < tasks.size() &&
         tasks[end].group == tasks[first].group) {
    ++end;
  }
  return end;
}

bool has_finite_parameters(const RunState& state, const ParameterPool* pool) {
  const auto copy = pool != nullptr ? pool->find(state) : nullptr;
  return copy != nullptr ? copy->finite() : all_finite(state.parameters);
}

void add_spectra(const PendingEvaluation& evaluation, Measures& measures) {
  auto& values = evaluation.values().squared_singular_values;
  values.resize(evaluation.set().hidden_layers.size());
  for (std::size_t l = 0; l < values.size(); ++l) {
    measures.add_spectrum(evaluation.on_device(evaluation.set().hidden_layers[l]), values[l]);
  }
}

/// `evaluations`: on the same set, of each network of a group.
void add_inner_products(std::span<const PendingEvaluation* const> evaluations, Measures& measures) {
  const std::vector<int>& layers = evaluations.front()->set().hidden_layers;
  for (const PendingEvaluation* evaluation : evaluations)
    evaluation->values().inner_products.resize(layers.size());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    std::vector<Activations> networks;
    std::vector<std::vector<double>*> products;
    for (const PendingEvaluation* evaluation : evaluations) {
      networks.push_back(evaluation->on_device(layers[l]));
      products.push_back(&evaluation->values().inner_products[l]);
    }
    measures.add_inner_products(networks, products);
  }
}

/// `fit` is followed by the evaluation that its linear probes are tried on.
void add_linear_probes(const PendingEvaluation& fit, Measures& measures) {
  const PendingEvaluation& test = *(&fit + 1);
  measures.add_linear_probes(fit.on_device(fit.set().hidden_layers.front()), fit.signs(),
                             test.on_device(test.set().hidden_layers.front()), test.signs(),
                             fit.set().data->signs_per_sample, fit.values().probe_accuracies);
}

/// What is to be computed of activations on the device, for networks that have not diverged.
/// `pending`: the evaluations of the tasks, in order.
void add_measures(std::span<const EvaluationTask> tasks, std::span<const PendingEvaluation> pending,
                  Measures& measures) {
  const PendingEvaluation* evaluation = pending.data();
  for (std::size_t first = 0; first < tasks.size();) {
    const std::size_t end = group_end(tasks, first);
    std::vector<std::vector<const PendingEvaluation*>> alike(
        tasks[first].run->evaluation_sets.size());
    for (std::size_t i = first; i < end; ++i) {
      for (std::size_t p = 0; p < tasks[i].run->evaluation_sets.size(); ++p, ++evaluation) {
        if (!evaluation->measured() || tasks[i].snapshot->diverged) continue;
        switch (evaluation->set().use) {
          case ActivationUse::spectra:
            add_spectra(*evaluation, measures);
            break;
          case ActivationUse::correlations:
            measures.add_correlations(
                evaluation->inputs_on_device(),
                evaluation->on_device(evaluation->set().hidden_layers.front()),
                evaluation->values().input_correlations);
            break;
          case ActivationUse::inner_products:
            alike[p].push_back(evaluation);
            break;
          case ActivationUse::linear_probe_fit:
            add_linear_probes(*evaluation, measures);
            break;
          case ActivationUse::linear_probe_test:
          case ActivationUse::any:
            break;
        }
      }
    }
    for (const auto& evaluations : alike) {
      if (!evaluations.empty()) add_inner_products(evaluations, measures);
    }
    first = end;
  }
}

}  // namespace

void CudaExecutor::evaluate_in_parts(std::span<const EvaluationTask> tasks,
                                     const ParameterPool* pool) {
  std::vector<EvaluationTask> batch;
  std::size_t bytes = 0;
  std::size_t measured = 0;
  for (std::size_t first = 0; first < tasks.size();) {
    const std::size_t end = group_end(tasks, first);
    std::size_t more = 0;
    std::size_t more_measured = 0;
    for (const EvaluationTask& task : tasks.subspan(first, end - first)) {
      more += evaluation_bytes(*task.run);
      more_measured += measure_bytes(*task.run) + score_bytes(*task.run);
    }
    if (!batch.empty() &&
        (bytes + more > std::max(options_.evaluation_bytes, memory_.arena.bytes()) ||
         measured + more_measured > std::max(options_.measure_bytes, memory_.measures.bytes()))) {
      evaluate_batch(batch, pool);
      batch.clear();
      bytes = 0;
      measured = 0;
    }
    for (const EvaluationTask& task : tasks.subspan(first, end - first)) {
      Snapshot& snapshot = *task.snapshot;
      snapshot.parameters = task.state->parameters;
      snapshot.diverged = task.state->diverged || !has_finite_parameters(*task.state, pool);
      snapshot.evaluations.resize(task.run->evaluation_sets.size());
      if (!snapshot.diverged) batch.push_back(task);
    }
    bytes += more;
    measured += more_measured;
    first = end;
  }
  if (!batch.empty()) evaluate_batch(batch, pool);
}

// Does the sampled ones again, from what the host has, and compares.
bool CudaExecutor::evaluation_verified(std::span<const EvaluationTask> tasks, std::string& what) {
  std::vector<EvaluationTask> again;
  std::vector<const Snapshot*> first;
  for (std::size_t begin = 0; begin < tasks.size();) {
    const auto group = tasks.subspan(begin, group_end(tasks, begin) - begin);
    const auto is_sampled = [&](const EvaluationTask& task) {
      return watch_.is_sampled(*task.run, task.state->step, options_.replay_share);
    };
    begin += group.size();
    if (std::none_of(group.begin(), group.end(), is_sampled)) continue;
    for (const EvaluationTask& task : group) {
      again.push_back(task);
      first.push_back(task.snapshot);
    }
  }
  std::vector<Snapshot> second(again.size());
  for (std::size_t i = 0; i < again.size(); ++i) again[i].snapshot = &second[i];
  evaluate_in_parts(again, nullptr);
  for (std::size_t i = 0; i < again.size(); ++i) {
    const TrainingRun& run = *again[i].run;
    for (const EvaluationSet& set : run.evaluation_sets) {
      if (memory_.datasets.intact(set.data, memory_.stream)) continue;
      what = DatasetCache::changed(run);
      return false;
    }
    if (same_bits(*first[i], second[i])) continue;
    // Perhaps it is the parameters at rest on the device that went bad.
    if (const auto copy = memory_.parameters->find(*again[i].state)) {
      copy->hold_nothing();
    }
    what = "the evaluation of network " + std::to_string(run.network) + " at step " +
           std::to_string(again[i].state->step) + ", seed " + std::to_string(run.seed) +
           " differs when done twice";
    return false;
  }
  return true;
}

void CudaExecutor::evaluate_batch(std::span<const EvaluationTask> tasks,
                                  const ParameterPool* pool) {
  std::vector<PendingEvaluation> pending;
  std::vector<std::size_t> network;  // of each evaluation
  double piece_flops = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    for (const EvaluationSet& set : tasks[i].run->evaluation_sets) {
      piece_flops = std::max(piece_flops, evaluation_flops(tasks[i].run->shape, set));
      pending.emplace_back(tasks[i], set);
      network.push_back(i);
    }
  }
  StagedNetworks networks(tasks, pool, memory_.staging);
  LaunchShape shape{&device_->team(), team_threads, team_shared_bytes, true, true};
  shape.resident = device_->resident_blocks(*shape.kernel, shape.threads, shape.shared_bytes);
  shape.piece_flops = piece_flops;

  std::size_t result_floats = 0;
  for (PendingEvaluation& evaluation : pending)
    result_floats = evaluation.place_results(result_floats);
  DevicePointer control = 0;
  DevicePointer jobs = 0;
  DevicePointer results = 0;
  const auto lay_out = [&](DevicePointer base) {
    DevicePointer at = base;
    const auto take = [&](std::size_t bytes) { return std::exchange(at, at + rounded_up(bytes)); };
    networks.place(take(networks.bytes()));
    control = take(control_bytes(shape));
    jobs = take(pending.size() * sizeof(EvaluationJob));
    results = take(result_floats * sizeof(float));
    for (std::size_t p = 0; p < pending.size(); ++p) {
      pending[p].job().parameters = {networks.address(network[p])};
      at = pending[p].place_on_device(results, at);
    }
    return static_cast<std::size_t>(at - base);
  };
  memory_.arena.reserve(lay_out(0));
  lay_out(memory_.arena.address());
  std::vector<EvaluationJob> list;
  for (PendingEvaluation& evaluation : pending) {
    const auto data = memory_.datasets.find_or_upload(evaluation.set().data, memory_.stream);
    evaluation.set_data(data);
    list.push_back(evaluation.job());
  }
  networks.upload(memory_.stream);
  // A launch ends in time, so it may take several to go through the list.
  StallGuard guard;
  std::uint32_t done = 0;
  while (done < list.size()) {
    memory_.stream.upload(jobs, list.data() + done, (list.size() - done) * sizeof(EvaluationJob));
    launch(*device_, shape, jobs, list.size() - done, control, options_.launch_seconds,
           memory_.stream);
    LaunchState state{};
    memory_.stream.read_back(&state, control, sizeof state);
    done += std::min(state.next_job, static_cast<std::uint32_t>(list.size()) - done);
    guard.launched(state.next_job > 0);
    rest();
  }
  const Launches launches{*device_, memory_.stream, options_.launch_seconds, [this] { rest(); }};
  Scores scores;
  for (const PendingEvaluation& evaluation : pending) scores.add(evaluation);
  scores.run(launches, memory_.measures);
  if (result_floats > 0) {
    memory_.results.reserve(result_floats);
    memory_.stream.download(memory_.results.data(), results, result_floats * sizeof(float));
    memory_.stream.wait();
  }
  for (const PendingEvaluation& evaluation : pending) {
    Snapshot& snapshot = *evaluation.task().snapshot;
    if (snapshot.diverged) continue;
    evaluation.unpack(memory_.results.data());
    if (!evaluation.set().score_only) snapshot.diverged = !all_finite(evaluation.values().outputs);
  }
  Measures measures;
  add_measures(tasks, pending, measures);
  measures.run(launches, memory_.measures);
}

}  // namespace axiom::cuda
