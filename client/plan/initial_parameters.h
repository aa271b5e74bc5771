// The untrained network of a training run.
#pragma once

#include <vector>

#include "client/plan/training_run.h"

namespace axiom {

/// Fills `parameters` (resized to run.shape.parameters()) with the canonical layout of the
/// untrained network: weights normal(index) · sqrt(2 / fan_in) in float, biases +0
/// (docs/RANDOM_STREAMS.md). A function of run.shape, run.seed, run.trial and run.network alone.
void initial_parameters(const TrainingRun& run, std::vector<float>& parameters);

}  // namespace axiom
