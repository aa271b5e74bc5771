// From an experiment's grid to training runs: what the six experiments share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/experiments/experiment.h"

namespace axiom {

/// What differs between the networks of one trial. A network's number is its position in the list
/// of configurations.
struct Configuration {
  std::vector<int> hidden;  ///< widths of the hidden layers
  double learning_rate = 0;
  double dropout = 0;
  double weight_decay = 0;
  int samples = 0;  ///< trains on the first so many samples

  int width() const { return hidden.front(); }
  int depth() const { return static_cast<int>(hidden.size()); }
};

/// What is the same for all networks of an experiment.
struct Task {
  int inputs;
  int outputs;
  Loss loss = Loss::softmax_cross_entropy;
};

/// Whose random streams a network draws from (docs/RANDOM_STREAMS.md).
struct NetworkNumber {
  std::uint64_t seed;
  std::uint32_t trial;
  std::size_t network;  ///< of the trial
};

/// The run of one network for `epochs` epochs, without evaluation sets. batch 0 = full batch.
TrainingRun make_run(const Task& task, const Configuration& configuration,
                     const NetworkNumber& number, std::shared_ptr<const Dataset> train, int batch,
                     int epochs);

/// All samples of a dataset; of the outputs the score is wanted.
EvaluationSet evaluation_set(std::shared_ptr<const Dataset> data,
                             std::vector<int> hidden_layers = {});

/// 0, every, 2·every, … below `epochs`, and `epochs` itself.
std::vector<int> regular_epochs(int epochs, int every);
/// Steps at the ends of epochs.
std::vector<std::uint64_t> steps_at(const std::vector<int>& epochs, const TrainingRun& run);

}  // namespace axiom
