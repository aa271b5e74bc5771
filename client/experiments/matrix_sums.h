// Sums over gradients and weights that an evaluation set names.
#pragma once

#include <cstddef>
#include <vector>

#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

/// Those of evaluation set number `set` of the run: as the backend gave them, or computed.
std::vector<double> matrix_sums(const TrainingRun& run, std::size_t set, const Snapshot& snapshot);

}  // namespace axiom
