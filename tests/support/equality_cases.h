// Networks on which every backend must give the bits of the reference.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <ostream>
#include <span>
#include <vector>

#include "client/plan/backend.h"
#include "client/plan/example_run.h"
#include "client/plan/initial_parameters.h"

namespace axiom {

inline std::ostream& operator<<(std::ostream& out, const ExampleNetwork& c) {
  for (const int size : c.sizes) out << size << ' ';
  return out << "samples " << c.samples << " batch " << c.batch << " dropout " << c.dropout;
}

}  // namespace axiom

namespace axiom::test {

using Case = ExampleNetwork;

inline std::vector<Case> equality_cases() {
  const auto softmax = Loss::softmax_cross_entropy;
  const auto sigmoid = Loss::sigmoid_cross_entropy;
  return {
      {{20, 32, 32, 2}, softmax, 100, 32, 0, 0},
      {{20, 64, 2}, softmax, 70, 32, 0, 0.01f},
      {{20, 128, 128, 2}, softmax, 65, 32, 0, 0},
      {{20, 256, 2}, softmax, 40, 8, 0, 0},
      {{10, 8, 8, 8, 5}, softmax, 200, 64, 0, 0},
      {{10, 16, 5}, softmax, 122, 64, 0, 0},
      {{20, 32, 32, 32, 1}, sigmoid, 300, 0, 0, 0},
      {{20, 48, 48, 48, 1}, sigmoid, 150, 0, 0, 0.1f},
      {{20, 64, 32, 5}, softmax, 260, 0, 0, 0},
      {{20, 33, 17, 2}, softmax, 45, 7, 0, 0},
      {{3, 5, 4, 3}, softmax, 31, 10, 0, 0},
      {{1, 4, 2}, softmax, 9, 1, 0, 0},
      {{20, 40, 24, 9, 2}, softmax, 90, 32, 0.4f, 0},
      {{20, 96, 80, 72, 2}, softmax, 70, 12, 0, 0},
      {{20, 72, 80, 96, 2}, softmax, 50, 12, 0.3f, 0.02f},
      {{20, 256, 256, 1}, sigmoid, 66, 0, 0, 0},
      {{20, 32, 2}, softmax, 150, 150, 0.2f, 0.05f},
      {{17, 129, 2}, softmax, 20, 13, 0, 0},
  };
}

inline TrainingRun make_run(const Case& c) {
  TrainingRun run = example_run(c, 7);
  run.seed = 1234567890123456789ull;
  run.trial = 2;
  run.network = 5;
  run.steps += 1;
  EvaluationSet set{run.train, c.samples, {}, true, true};
  for (int l = 1; l < run.shape.layers(); ++l) set.hidden_layers.push_back(l);
  run.evaluation_sets = {
      set, {run.train, (c.samples + 1) / 2, {1}, false, true}, {run.train, 1, {}, true, false}};
  return run;
}

inline void append(std::vector<std::uint32_t>& bits, std::span<const float> values) {
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
}

inline std::vector<std::uint32_t> all_bits(const RunState& state, const Snapshot& snapshot) {
  std::vector<std::uint32_t> bits;
  append(bits, state.parameters);
  for (const Evaluation& values : snapshot.evaluations) {
    append(bits, values.outputs);
    for (const auto& activations : values.activations) append(bits, activations);
    append(bits, values.input_gradients);
    append(bits, values.first_layer_gradient);
  }
  return bits;
}

/// All bits of a trained network and its evaluations.
inline std::vector<std::uint32_t> train_and_evaluate(Executor& executor, const TrainingRun& run,
                                                     std::uint64_t pause_every) {
  RunState state;
  initial_parameters(run, state.parameters);
  const std::atomic<bool> pause{pause_every == 1};
  std::atomic<std::uint64_t> progress{0};
  while (state.step < run.steps) {
    const std::uint64_t until =
        pause_every ? std::min(run.steps, state.step + pause_every) : run.steps;
    executor.train(run, state, until, pause, progress);
  }
  EXPECT_EQ(progress.load(), run.steps);
  Snapshot snapshot;
  executor.evaluate(run, state, snapshot);
  EXPECT_FALSE(snapshot.diverged);
  return all_bits(state, snapshot);
}

}  // namespace axiom::test
