// Trains and evaluates many networks at once on a GPU.
#pragma once

#include <cstddef>
#include <memory>

#include "client/plan/backend.h"
#include "client/plan/device_defaults.h"
#include "cuda/device.h"
#include "cuda/hardware_watch.h"
#include "cuda/suspension.h"
#include "cuda/training_batch.h"

namespace axiom::cuda {

struct ExecutorOptions {
  double launch_seconds =
      default_launch_seconds;                  ///< a launch ends with the first step after so long
  std::size_t evaluation_bytes = 0;            ///< device memory to be used at once for evaluation
  std::size_t measure_bytes = 0;               ///< likewise, for metrics
  double replay_share = default_replay_share;  ///< of all work, done twice
  double (*seconds_suspended)() = &cuda::seconds_suspended;
};

class CudaExecutor final : public Executor {
 public:
  /// `parameters`: shared by the executors of the device.
  CudaExecutor(std::shared_ptr<const Device> device, HardwareWatch& watch,
               std::shared_ptr<ParameterPool> parameters, ExecutorOptions options);

  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override;
  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override;
  /// Returns when a quarter of the networks have arrived, too. DeviceError: no state has changed
  /// then since the call.
  void train_all(std::span<const TrainingTask> tasks, const std::atomic<bool>& pause) override;
  void evaluate_all(std::span<const EvaluationTask> tasks) override;

 private:
  /// Whether the computer was suspended since the last question, or since there is this executor;
  /// nothing is taken from the device then that was there before.
  bool was_suspended();
  /// `pool`: where parameters may be already; null: they are taken from the host.
  void evaluate_in_parts(std::span<const EvaluationTask> tasks, const ParameterPool* pool);
  void evaluate_batch(std::span<const EvaluationTask> tasks, const ParameterPool* pool);
  bool evaluation_verified(std::span<const EvaluationTask> tasks, std::string& what);

  const std::shared_ptr<const Device> device_;
  HardwareWatch& watch_;
  const ExecutorOptions options_;
  ExecutorMemory memory_;
  double suspended_;  ///< seconds, when last asked
};

}  // namespace axiom::cuda
