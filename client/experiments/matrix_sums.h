// Sums over gradients and weights that a probe names.
#pragma once

#include <cstddef>
#include <vector>

#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

/// Those of probe number `probe` of the run: as the backend gave them, or computed.
std::vector<double> matrix_sums(const TrainingRun& run, std::size_t probe,
                                const Snapshot& snapshot);

}  // namespace axiom
