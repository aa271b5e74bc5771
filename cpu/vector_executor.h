// Trains one network at a time through a table of vector kernels. Itself free of vector code.
#pragma once

#include <vector>

#include "client/plan/backend.h"
#include "client/plan/step.h"
#include "cpu/aligned_buffer.h"
#include "cpu/kernels.h"
#include "cpu/packed_network.h"
#include "cpu/zero_skipping.h"

namespace axiom::cpu {

class VectorExecutor final : public Executor {
 public:
  VectorExecutor(const Kernels& kernels, const ZeroSkipping& skipping)
      : kernels_(kernels), skipping_(skipping) {}

  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override;
  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override;
  void release() override;

  /// Bytes held at most while working on `run` (Backend::executor_bytes).
  static std::size_t bytes(const Kernels& kernels, const ZeroSkipping& skipping,
                           const TrainingRun& run);

 private:
  void pack_data(const Dataset& data, int samples);
  void step(const TrainingRun& run, const Dataset& data, std::uint64_t step, int block_rows);
  void fill_masks(const TrainingRun& run, std::uint32_t epoch, int position, int rows);
  void evaluate_on(const TrainingRun& run, const EvaluationSet& set, Evaluation& values);

  const Kernels& kernels_;
  const ZeroSkipping skipping_;
  PackedNetwork network_;
  AlignedBuffer data_memory_;
  float* data_ = nullptr;  ///< samples × row_stride_, padded with zeros
  int row_stride_ = 0;
  EpochOrder order_;
  std::vector<float> factors_;
};

/// Bytes of the values that an evaluation of the run returns.
std::size_t snapshot_bytes(const TrainingRun& run);

}  // namespace axiom::cpu
