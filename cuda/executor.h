// Trains and evaluates many networks at once on a GPU.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "client/plan/backend.h"
#include "cuda/dataset_cache.h"
#include "cuda/device.h"
#include "cuda/launch_group.h"
#include "cuda/resources.h"

namespace axiom::cuda {

struct ExecutorOptions {
  double launch_seconds = 0.05;      ///< a launch ends with the first step after so long
  std::size_t evaluation_bytes = 0;  ///< device memory to be used at once for evaluation
};

class CudaExecutor final : public Executor {
 public:
  CudaExecutor(std::shared_ptr<const Device> device, ExecutorOptions options);

  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override;
  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override;
  /// Returns when a quarter of the networks have arrived, too. DeviceError: no state has changed
  /// then since the call.
  void train_all(std::span<const TrainingTask> tasks, const std::atomic<bool>& pause) override;
  void evaluate_all(std::span<const EvaluationTask> tasks) override;

 private:
  std::vector<LaunchGroup> group(std::span<const TrainingTask> tasks);
  void evaluate_batch(std::span<const EvaluationTask> tasks);

  const std::shared_ptr<const Device> device_;
  const ExecutorOptions options_;
  Stream stream_;  ///< copies and evaluation
  std::vector<std::unique_ptr<Stream>> group_streams_;
  DatasetCache datasets_;
  Buffer arena_;
  std::vector<float> staging_;
};

}  // namespace axiom::cuda
