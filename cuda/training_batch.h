// One call of CudaExecutor::train_all(): networks on the device, from their states to new ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "client/plan/backend.h"
#include "cuda/dataset_cache.h"
#include "cuda/device.h"
#include "cuda/hardware_watch.h"
#include "cuda/launch_group.h"
#include "cuda/parameter_pool.h"
#include "cuda/resources.h"
#include "cuda/transfers.h"

namespace axiom::cuda {

/// What an executor keeps from batch to batch.
struct ExecutorMemory {
  Stream stream;                                        ///< copies and evaluation
  std::vector<std::unique_ptr<Stream>> launch_streams;  ///< one per group of a batch
  DatasetCache datasets;
  Buffer arena;
  Buffer measures;  ///< of evaluations
  StagingBuffer staging;
  StagingBuffer results;                      ///< of evaluations
  std::shared_ptr<ParameterPool> parameters;  ///< of networks at rest
};

class TrainingBatch {
 public:
  /// Uploads the networks, and once more those that the watch wants to see trained twice.
  TrainingBatch(const Device& device, ExecutorMemory& memory, HardwareWatch& watch,
                double replay_share, std::span<const TrainingTask> tasks);

  /// Trains until all networks have arrived, or a quarter of them, or `pause`.
  void train(double launch_seconds, const std::atomic<bool>& pause);

  /// Whether what was done twice agrees; `what` says what does not. To be called after train().
  bool verified(double launch_seconds, std::string& what);
  /// Hands over the new states.
  void commit();

 private:
  /// A network in training: that of a task, or a second one of it.
  struct Copy {
    std::size_t task;
    std::uint64_t step;
    std::uint64_t until;
    DevicePointer parameters = 0;
    std::size_t first = 0;  ///< of its parameters, in floats of the staging memory
    std::shared_ptr<ResidentParameters> resident = nullptr;  ///< null: in the arena
  };

  void choose_copies(HardwareWatch& watch, double replay_share);
  void choose_places();
  void make_groups();
  void upload();
  std::size_t lay_out(DevicePointer base);
  void stage();
  void launch_all(double launch_seconds);
  void advance(std::size_t copy, std::uint64_t step);
  bool all_arrived() const;
  bool datasets_intact(std::string& what);
  bool audit_agrees(std::string& what);
  std::span<const float> parameters(const Copy& copy) const;
  std::string describe(const Copy& copy) const;

  const Device& device_;
  ExecutorMemory& memory_;
  HardwareWatch& watch_;
  const std::span<const TrainingTask> tasks_;
  const unsigned device_memory_;  ///< the parameters', before anything was put there
  std::vector<Copy> copies_;      ///< first those of the tasks, then replays, then an audit
  std::size_t replays_end_ = 0;   ///< end of the replays among the copies
  std::vector<LaunchGroup> groups_;
  std::vector<Transfer> transfers_;  ///< of all parameters
  std::size_t arrived_ = 0;          ///< of the tasks
  StallGuard guard_;
};

}  // namespace axiom::cuda
