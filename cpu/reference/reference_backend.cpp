#include "cpu/reference/reference_backend.h"

#include <algorithm>
#include <vector>

#include "client/arithmetic/ops.h"
#include "client/plan/step.h"
#include "cpu/peak.h"
#include "cpu/reference/reference_matrix.h"
#include "cpu/reference/reference_network.h"
#include "cpu/vector_executor.h"

namespace axiom {

namespace {

using cpu::reference::ReferenceNetwork;

class ReferenceExecutor final : public Executor {
 public:
  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override {
    ReferenceNetwork network(run.shape, [this] { rest(); });
    EpochOrder order;
    while (state.step < until) {
      step(run, state, network, order);
      ++state.step;
      progress.fetch_add(1, std::memory_order_relaxed);
      if (pause.load(std::memory_order_relaxed)) break;
    }
  }

  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override {
    snapshot.parameters = state.parameters;
    snapshot.diverged = state.diverged || !all_finite(state.parameters);
    snapshot.evaluations.resize(run.evaluation_sets.size());
    for (std::size_t i = 0; i < run.evaluation_sets.size() && !snapshot.diverged; ++i) {
      evaluate_on(run, state, run.evaluation_sets[i], snapshot.evaluations[i]);
      snapshot.diverged = !all_finite(snapshot.evaluations[i].outputs);
    }
  }

 private:
  static void step(const TrainingRun& run, RunState& state, ReferenceNetwork& network,
                   EpochOrder& order) {
    const StepRange range = step_range(run, state.step);
    const StepScalars scalars = step_scalars(run, range.count);
    const std::int32_t* visit = order.of(run, range.epoch);
    const auto features = static_cast<std::size_t>(run.shape.inputs());
    const auto units = static_cast<std::size_t>(run.shape.hidden_units());
    const auto rows = static_cast<std::size_t>(range.count);
    std::vector<float> inputs(rows * features);
    std::vector<std::int32_t> labels(rows);
    std::vector<float> masks(run.dropout > 0 ? rows * units : 0);
    const DropoutFactors dropout(run);
    for (std::size_t i = 0; i < rows; ++i) {
      const int position = range.first + static_cast<int>(i);
      const auto sample = static_cast<std::size_t>(visit ? visit[position] : position);
      const float* row = run.train->inputs.data() + sample * features;
      std::copy(row, row + features, inputs.data() + i * features);
      labels[i] = run.train->labels[sample];
      if (!masks.empty()) {
        dropout.fill(run, range.epoch, position, std::span(masks).subspan(i * units, units));
      }
    }
    network.forward(state.parameters, inputs, range.count, masks);
    network.backward(state.parameters, labels, scalars.scale);
    update(run.shape, scalars, network, state.parameters);
  }

  static void update(const NetworkShape& shape, const StepScalars& scalars,
                     const ReferenceNetwork& network, std::vector<float>& parameters) {
    // All gradients first: while they are computed the executor may rest, and the run be saved.
    std::vector<std::vector<float>> gradients(static_cast<std::size_t>(shape.layers()));
    for (int l = 0; l < shape.layers(); ++l) {
      std::vector<float>& gradient = gradients[static_cast<std::size_t>(l)];
      gradient.resize(shape.layer_parameters(l));
      network.gradient(l, gradient);
    }
    for (int l = 0; l < shape.layers(); ++l) {
      const std::vector<float>& gradient = gradients[static_cast<std::size_t>(l)];
      float* p = parameters.data() + shape.weight_offset(l);
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        const float kept = i < shape.weights(l) ? arithmetic::mul(p[i], scalars.keep) : p[i];
        p[i] = arithmetic::fma(scalars.negative_learning_rate, gradient[i], kept);
      }
    }
  }

  void evaluate_on(const TrainingRun& run, const RunState& state, const EvaluationSet& set,
                   Evaluation& values) const {
    ReferenceNetwork network(run.shape, [this] { rest(); });
    const auto features = static_cast<std::size_t>(run.shape.inputs());
    const auto samples = static_cast<std::size_t>(set.samples);
    const auto inputs = std::span(set.data->inputs).first(samples * features);
    const auto labels = std::span(set.data->labels).first(samples);
    network.forward(state.parameters, inputs, set.samples, {});
    values.outputs.assign(network.logits().begin(), network.logits().end());
    values.activations.resize(set.hidden_layers.size());
    for (std::size_t a = 0; a < set.hidden_layers.size(); ++a) {
      const auto h = network.activations(set.hidden_layers[a]);
      values.activations[a].assign(h.begin(), h.end());
    }
    if (set.input_gradients) {
      network.backward(state.parameters, labels, 1.0f);
      values.input_gradients.resize(samples * features);
      network.input_gradients(state.parameters, values.input_gradients);
    }
    if (set.first_layer_gradient) {
      network.backward(state.parameters, labels,
                       arithmetic::div(1.0f, static_cast<float>(set.samples)));
      std::vector<float> gradient(run.shape.layer_parameters(0));
      network.gradient(0, gradient);
      gradient.resize(run.shape.weights(0));
      values.first_layer_gradient = std::move(gradient);
    }
  }
};

// As cpu/fma_chain.inl, with the fma in software that the reference computes with.
double fma_chain(std::int64_t rounds) {
  constexpr int chains = 12;
  float sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = static_cast<float>(i);
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (float& chain : sum) chain = arithmetic::fma(chain, 0.999f, 0.001f);
  }
  asm volatile("" : : "r"(sum) : "memory");
  return 2.0 * chains * static_cast<double>(rounds);
}

class ReferenceBackend final : public Backend {
 public:
  std::string name() const override { return "reference"; }
  std::string unavailable_reason() const override { return {}; }
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<ReferenceExecutor>();
  }
  std::size_t executor_bytes(const TrainingRun& run) const override {
    const auto masks = static_cast<std::size_t>(run.dropout > 0 ? run.shape.hidden_units() : 0);
    const std::size_t row = static_cast<std::size_t>(run.shape.inputs()) + masks + 1;
    const std::size_t training =
        ReferenceNetwork::bytes(run.shape, run.batch_size(), true) + EpochOrder::bytes(run) +
        (static_cast<std::size_t>(run.batch_size()) * row + run.shape.parameters()) * sizeof(float);
    std::size_t evaluating = 0;  // one set at a time, and never while it trains
    for (const EvaluationSet& set : run.evaluation_sets) {
      const bool gradients = set.input_gradients || set.first_layer_gradient;
      evaluating = std::max(evaluating, ReferenceNetwork::bytes(run.shape, set.samples, gradients));
    }
    return cpu::snapshot_bytes(run) + std::max(training, evaluating);
  }
  const MatrixOps& matrix_ops() const override { return cpu::reference::matrix_ops; }
  double measured_peak() const override { return cpu::measure_peak(fma_chain, 2000); }
};

}  // namespace

const Backend& reference_backend() {
  static const ReferenceBackend backend;
  return backend;
}

}  // namespace axiom
