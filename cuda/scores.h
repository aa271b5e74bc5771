// Scores and sums of networks that have been evaluated on the device, so that neither outputs nor
// gradients go back.
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/measure_launches.h"
#include "cuda/pending_evaluation.h"

namespace axiom::cuda {

/// Bytes of device memory that these take for one network.
std::size_t score_bytes(const TrainingRun& run);

class Scores {
 public:
  /// What the evaluation set wants of them. `evaluation` outlives this, and its addresses are
  /// filled.
  void add(const PendingEvaluation& evaluation);
  /// Computes all that was added, and gives it to the evaluations; snapshots whose outputs are not
  /// all finite are marked as diverged. `memory` grows as needed.
  void run(const Launches& launches, Buffer& memory);

 private:
  std::size_t lay_out(DevicePointer base);
  void hand_over(const std::vector<double>& results);

  std::vector<const PendingEvaluation*> scored_;
  std::vector<ScoreJob> score_jobs_;  ///< of each
  std::vector<const PendingEvaluation*> summed_;
  std::vector<SumJob> sum_jobs_;  ///< of all, one after the other
  DevicePointer control_ = 0;
  DevicePointer jobs_ = 0;
  DevicePointer results_ = 0;
  std::size_t result_doubles_ = 0;
};

}  // namespace axiom::cuda
