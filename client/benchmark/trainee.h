// A network in training for the sake of the clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/plan/backend.h"

namespace axiom {

/// As many equal copies of one network as a backend trains at once: one on a processor, what its
/// memory takes on a device.
class Trainee {
 public:
  /// REQUIRES: run.train is filled; `backend`, its `executor` and `run` outlive this.
  Trainee(const Backend& backend, Executor& executor, const TrainingRun& run);

  /// Back to the untrained network.
  void restart();
  /// Trains on; returns the seconds that it took.
  double train(std::uint64_t steps);
  /// Floating-point operations of the last train(), of all copies.
  double flops() const { return flops_; }
  /// SHA-256 of the parameters in their canonical layout; of the first copy that differs from copy
  /// 0, if one does: all copies are equal.
  std::string digest() const;
  std::size_t copies() const { return copies_.size(); }
  const std::vector<float>& parameters() const { return copies_.front().parameters; }

 private:
  Executor& executor_;
  const TrainingRun& run_;
  std::vector<float> untrained_;
  std::vector<RunState> copies_;
  double flops_ = 0;
};

/// FLOP/s of `threads` threads that train one network each (a device: as many as it holds) for
/// `steps` steps at the same time.
double rate_of_threads(const Backend& backend, const TrainingRun& run, std::uint64_t steps,
                       int threads);

}  // namespace axiom
