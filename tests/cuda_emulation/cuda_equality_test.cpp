// The CUDA backend against the reference, bit for bit, on whatever libcuda.so.1 is found: the
// emulated device of this folder, or a real one. Prints SKIPPED where there is no device.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "client/experiments/cka.h"
#include "client/experiments/classification.h"
#include "client/experiments/matrix_sums.h"
#include "client/experiments/ridge.h"
#include "client/experiments/spectrum.h"
#include "client/experiments/weight_measures.h"
#include "client/plan/device_error.h"
#include "client/plan/initial_parameters.h"
#include "cpu/reference/reference_backend.h"
#include "cuda/cuda_backend.h"
#include "tests/support/equality_cases.h"

namespace axiom {
namespace {

using test::Case;
using test::make_run;

/// Beyond those of all backends: edges of the kernels' tiles, batches of one network each way.
std::vector<Case> cases() {
  const auto softmax = Loss::softmax_cross_entropy;
  std::vector<Case> all = test::equality_cases();
  const std::vector<Case> more = {
      {{20, 200, 136, 3}, softmax, 70, 64, 0, 0},
      {{10, 130, 65, 129, 5}, softmax, 66, 0, 0, 0.01f},
      {{20, 512, 8, 2}, softmax, 40, 33, 0.1f, 0},
      {{6, 64, 64, 64, 2}, softmax, 3, 64, 0, 0},
      {{9, 31, 63, 2}, softmax, 131, 0, 0.5f, 0},
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const Backend& backend() { return cuda_backend(0, reference_backend()); }

class CudaEquality : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = backend().unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "SKIPPED cuda: " << reason;
    set_cuda_options({});
  }
};

TEST_F(CudaEquality, TrainingAndEvaluation) {
  const auto executor = backend().make_executor();
  for (const Case& c : cases()) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = test::train_and_evaluate(*reference_backend().make_executor(), run, 0);
    EXPECT_TRUE(expected == test::train_and_evaluate(*executor, run, 0));
  }
}

TEST_F(CudaEquality, PausedAtEveryStep) {
  const auto executor = backend().make_executor();
  for (const Case& c : {cases()[0], cases()[6], cases()[12], cases()[14]}) {
    SCOPED_TRACE(testing::Message() << c);
    const TrainingRun run = make_run(c);
    const auto expected = test::train_and_evaluate(*executor, run, 0);
    EXPECT_TRUE(expected == test::train_and_evaluate(*executor, run, 1));
  }
}

/// All cases in one call, several networks of each, on launches that end after every step or not.
void train_together(double launch_seconds) {
  set_cuda_options({launch_seconds, 0.25, 0});
  const auto executor = backend().make_executor();
  std::vector<TrainingRun> runs;
  for (const Case& c : cases()) {
    for (std::uint32_t network = 0; network < 3; ++network) {
      TrainingRun run = make_run(c);
      run.network = network;
      run.steps -= network == 1 ? run.steps_per_epoch() : 0;
      runs.push_back(run);
    }
  }
  std::vector<RunState> states(runs.size());
  std::vector<std::atomic<std::uint64_t>> progress(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) initial_parameters(runs[i], states[i].parameters);
  const std::atomic<bool> pause{false};
  for (int call = 0;; ++call) {
    std::vector<TrainingTask> tasks;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (states[i].step < runs[i].steps) {
        tasks.push_back({&runs[i], &states[i], runs[i].steps, &progress[i]});
      }
    }
    if (tasks.empty()) break;
    ASSERT_LT(call, 100) << "no network arrives";
    executor->train_all(tasks, pause);
  }
  std::vector<Snapshot> snapshots(runs.size());
  std::vector<EvaluationTask> tasks;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(progress[i].load(), runs[i].steps);
    tasks.push_back({&runs[i], &states[i], &snapshots[i]});
  }
  executor->evaluate_all(tasks);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto expected =
        test::train_and_evaluate(*reference_backend().make_executor(), runs[i], 0);
    EXPECT_TRUE(expected == test::all_bits(states[i], snapshots[i])) << "network " << i;
  }
}

TEST_F(CudaEquality, ManyNetworksAtOnce) { train_together(0.05); }

TEST_F(CudaEquality, LaunchesOfOneStep) { train_together(0); }

/// Networks of one shape, as initialized, on `samples` samples of which the device is to give
/// measures only.
struct MeasuredNetworks {
  MeasuredNetworks(const std::vector<int>& sizes, int samples, ActivationUse use, int count) {
    const TrainingRun made = make_run({sizes, Loss::softmax_cross_entropy, samples, 0, 0, 0});
    for (int network = 0; network < count; ++network) {
      TrainingRun run = made;
      run.network = static_cast<std::uint32_t>(network);
      run.evaluation_sets = {made.evaluation_sets[0]};
      run.evaluation_sets[0].input_gradients = run.evaluation_sets[0].first_layer_gradient = false;
      run.evaluation_sets[0].use = use;
      runs.push_back(run);
    }
    states.resize(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) initial_parameters(runs[i], states[i].parameters);
  }

  /// What `executor` makes of them; those of one group if `together`.
  std::vector<Snapshot> evaluate(Executor& executor, bool together) const {
    std::vector<Snapshot> snapshots(runs.size());
    std::vector<EvaluationTask> tasks;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      tasks.push_back({&runs[i], &states[i], &snapshots[i], together ? this : nullptr});
    }
    executor.evaluate_all(tasks);
    return snapshots;
  }

  std::vector<TrainingRun> runs;
  std::vector<RunState> states;
};

/// Orders of one tile and several, odd ones, and layers wider than there are samples.
TEST_F(CudaEquality, Spectra) {
  const MatrixOps& ops = reference_backend().matrix_ops();
  for (const double seconds : {0.05, 0.0}) {
    set_cuda_options({seconds, 0.25, 0});
    const auto executor = backend().make_executor();
    for (const auto& [width, samples] : std::vector<std::pair<int, int>>{
             {1, 5}, {8, 40}, {64, 64}, {65, 130}, {131, 200}, {90, 33}}) {
      SCOPED_TRACE(testing::Message() << "width " << width << ", samples " << samples);
      const MeasuredNetworks networks({20, width, 24, 2}, samples, ActivationUse::spectra, 3);
      const auto measured = networks.evaluate(*executor, false);
      const auto plain = networks.evaluate(*reference_backend().make_executor(), false);
      for (std::size_t i = 0; i < measured.size(); ++i) {
        const Evaluation& theirs = measured[i].evaluations[0];
        ASSERT_EQ(theirs.squared_singular_values.size(), 2u);
        EXPECT_TRUE(theirs.activations.empty());
        EXPECT_EQ(theirs.outputs, plain[i].evaluations[0].outputs);
        EXPECT_EQ(
            theirs.squared_singular_values[0],
            squared_singular_values(plain[i].evaluations[0].activations[0], samples, width, ops));
        EXPECT_EQ(
            theirs.squared_singular_values[1],
            squared_singular_values(plain[i].evaluations[0].activations[1], samples, 24, ops));
      }
    }
  }
}

/// In the space of samples and in that of units; groups with a network that has diverged.
TEST_F(CudaEquality, InnerProducts) {
  const MatrixOps& ops = reference_backend().matrix_ops();
  for (const double seconds : {0.05, 0.0}) {
    set_cuda_options({seconds, 0.25, 0});
    const auto executor = backend().make_executor();
    for (const auto& [width, samples, count] : std::vector<std::array<int, 3>>{
             {9, 100, 4}, {70, 300, 3}, {70, 90, 4}, {33, 130, 2}, {40, 77, 1}, {100, 200, 2}}) {
      SCOPED_TRACE(testing::Message() << "width " << width << ", samples " << samples);
      for (const bool diverged : {false, true}) {
        MeasuredNetworks networks({20, width, 5}, samples, ActivationUse::inner_products, count);
        if (diverged) networks.states[0].parameters[3] = std::numeric_limits<float>::infinity();
        const auto measured = networks.evaluate(*executor, true);
        const auto plain = networks.evaluate(*reference_backend().make_executor(), true);
        std::vector<const Evaluation*> theirs;
        std::vector<const Evaluation*> ours;
        for (std::size_t i = 0; i < measured.size(); ++i) {
          ASSERT_EQ(measured[i].diverged, plain[i].diverged);
          if (plain[i].diverged) continue;
          EXPECT_TRUE(measured[i].evaluations[0].activations.empty());
          ASSERT_EQ(measured[i].evaluations[0].inner_products.size(), 1u);
          theirs.push_back(&measured[i].evaluations[0]);
          ours.push_back(&plain[i].evaluations[0]);
        }
        std::vector<double> expected(theirs.size() * theirs.size() / 2 + 1, -1);
        std::vector<double> actual = expected;
        pairwise_cka(ours, 0, samples, width, ops, expected);
        pairwise_cka(theirs, 0, samples, width, ops, actual);
        EXPECT_EQ(actual, expected);
      }
    }
  }
}

TEST_F(CudaEquality, Correlations) {
  const MatrixOps& ops = reference_backend().matrix_ops();
  for (const double seconds : {0.05, 0.0}) {
    set_cuda_options({seconds, 0.25, 0});
    const auto executor = backend().make_executor();
    for (const auto& [inputs, width, samples] :
         std::vector<std::array<int, 3>>{{20, 32, 60}, {1, 3, 9}, {67, 130, 50}, {5, 1, 1}}) {
      SCOPED_TRACE(testing::Message() << inputs << " inputs, width " << width);
      MeasuredNetworks networks({inputs, width, 2}, samples, ActivationUse::correlations, 3);
      networks.states[2].parameters[0] = std::numeric_limits<float>::quiet_NaN();
      const auto measured = networks.evaluate(*executor, false);
      const auto plain = networks.evaluate(*reference_backend().make_executor(), false);
      EXPECT_TRUE(measured[2].diverged);
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(measured[i].evaluations[0].activations.empty());
        const auto& x = networks.runs[i].evaluation_sets[0].data->inputs;
        const ActivationSelectivity ours =
            activation_selectivity(plain[i].evaluations[0], x, samples, width, inputs, ops);
        EXPECT_EQ(measured[i].evaluations[0].input_correlations,
                  (std::vector<double>{ours.best, ours.mean}));
      }
    }
  }
}

std::shared_ptr<const Dataset> with_signs(const Dataset& data, int signs, int samples) {
  auto copy = std::make_shared<Dataset>(data);
  copy->samples = samples;
  copy->inputs.resize(static_cast<std::size_t>(samples * copy->features));
  copy->labels.resize(static_cast<std::size_t>(samples));
  copy->signs_per_sample = signs;
  for (int i = 0; i < samples * signs; ++i) {
    const float x = copy->inputs[static_cast<std::size_t>(i / signs * copy->features + i % signs)];
    copy->signs.push_back(static_cast<std::int8_t>(x > 0 ? 1 : -1));
  }
  return copy;
}

TEST_F(CudaEquality, LinearProbes) {
  for (const double seconds : {0.05, 0.0}) {
    set_cuda_options({seconds, 0.25, 0});
    const auto executor = backend().make_executor();
    for (const auto& [width, samples, signs] :
         std::vector<std::array<int, 3>>{{1, 9, 1}, {32, 60, 3}, {67, 150, 1}, {130, 90, 2}}) {
      SCOPED_TRACE(testing::Message() << "width " << width << ", samples " << samples);
      MeasuredNetworks networks({20, width, 2}, samples, ActivationUse::linear_probe_fit, 2);
      for (TrainingRun& run : networks.runs) {
        const Dataset data = *run.train;
        run.evaluation_sets[0].data = with_signs(data, signs, samples);
        run.evaluation_sets.push_back(run.evaluation_sets[0]);
        run.evaluation_sets[1].data = with_signs(data, signs, samples / 2 + 1);
        run.evaluation_sets[1].samples = samples / 2 + 1;
        run.evaluation_sets[1].use = ActivationUse::linear_probe_test;
      }
      const auto measured = networks.evaluate(*executor, false);
      const auto plain = networks.evaluate(*reference_backend().make_executor(), false);
      for (std::size_t i = 0; i < measured.size(); ++i) {
        EXPECT_TRUE(measured[i].evaluations[0].activations.empty());
        EXPECT_TRUE(measured[i].evaluations[1].activations.empty());
        RidgeProbe probe(reference_backend().matrix_ops());
        EXPECT_EQ(measured[i].evaluations[0].probe_accuracies,
                  linear_probe_accuracies(networks.runs[i], plain[i], 0, probe));
      }
    }
  }
}

/// Neither outputs nor gradients come back, and what does is that of the processor's.
TEST_F(CudaEquality, ScoresAndSums) {
  using Matrix = MatrixSum::Matrix;
  using Term = MatrixSum::Term;
  for (const double seconds : {0.05, 0.0}) {
    set_cuda_options({seconds, 0.25, 0});
    const auto executor = backend().make_executor();
    for (const auto& [inputs, width, outputs, samples] : std::vector<std::array<int, 4>>{
             {20, 33, 2, 300}, {7, 40, 5, 41}, {20, 64, 1, 257}, {1, 1, 1, 1}}) {
      SCOPED_TRACE(testing::Message() << "width " << width << ", outputs " << outputs);
      MeasuredNetworks networks({inputs, width, 24, outputs}, samples, ActivationUse::any, 3);
      for (TrainingRun& run : networks.runs) {
        if (outputs == 1) run.shape.loss = Loss::sigmoid_cross_entropy;
        EvaluationSet& set = run.evaluation_sets[0];
        set.hidden_layers = {};
        set.input_gradients = set.first_layer_gradient = set.score_only = true;
        for (const Term term : {Term::squares, Term::magnitudes}) {
          set.sums.push_back({Matrix::input_gradients, term, samples / 3, samples - samples / 3,
                              inputs / 2, inputs - inputs / 2});
          set.sums.push_back({Matrix::first_layer_gradient, term, 0, inputs, 0, width});
          set.sums.push_back({Matrix::weights, term, 0, width, 0, 24, 1});
          set.sums.push_back({Matrix::weights, term, 0, 24, 0, outputs, 2});
        }
      }
      networks.states[2].parameters.back() = std::numeric_limits<float>::infinity();
      // Finite parameters whose outputs are not.
      for (float& weight : networks.states[1].parameters) weight *= 1e20f;
      const auto measured = networks.evaluate(*executor, false);
      const auto plain = networks.evaluate(*reference_backend().make_executor(), false);
      EXPECT_TRUE(measured[2].diverged);
      EXPECT_EQ(measured[1].diverged, plain[1].diverged);
      ASSERT_FALSE(measured[0].diverged);
      const TrainingRun& run = networks.runs[0];
      const Evaluation& theirs = measured[0].evaluations[0];
      EXPECT_TRUE(theirs.outputs.empty());
      EXPECT_TRUE(theirs.input_gradients.empty());
      EXPECT_TRUE(theirs.first_layer_gradient.empty());
      const Predictions predictions = predictions_of(run, 0, plain[0]);
      ASSERT_TRUE(theirs.score.has_value());
      EXPECT_EQ(theirs.score->loss, cross_entropy(predictions));
      EXPECT_EQ(theirs.score->accuracy, accuracy(predictions));
      EXPECT_EQ(theirs.sums, matrix_sums(run, 0, plain[0]));
    }
  }
}

TEST_F(CudaEquality, DivergenceIsSeen) {
  TrainingRun run = make_run(cases().front());
  run.learning_rate = 1e20f;
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  RunState state;
  initial_parameters(run, state.parameters);
  const auto executor = backend().make_executor();
  executor->train(run, state, run.steps, pause, progress);
  Snapshot snapshot;
  executor->evaluate(run, state, snapshot);
  EXPECT_TRUE(snapshot.diverged);
}

}  // namespace
}  // namespace axiom
