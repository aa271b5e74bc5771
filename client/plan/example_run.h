// Networks on random data: for self-tests, benchmarks and tests, which need runs but no experiment.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/plan/training_run.h"

namespace axiom {

/// Normal inputs and labels below `classes`, from the streams of `seed`.
std::shared_ptr<const Dataset> random_dataset(std::uint64_t seed, int samples, int features,
                                              int classes);

struct ExampleNetwork {
  std::vector<int> sizes;
  Loss loss = Loss::softmax_cross_entropy;
  int samples = 0;
  int batch = 0;  ///< 0 = full batch
  float dropout = 0;
  float weight_decay = 0;
};

/// Trains on the random_dataset() of `data_seed`, learning rate 0.05, for two epochs. Probes and
/// the run's own seed are left to the caller.
TrainingRun example_run(const ExampleNetwork& network, std::uint64_t data_seed);

}  // namespace axiom
