#include "cuda/executor.h"

#include <utility>
#include <vector>

#include "cuda/measures.h"

namespace axiom::cuda {

CudaExecutor::CudaExecutor(std::shared_ptr<const Device> device, HardwareWatch& watch,
                           std::shared_ptr<ParameterPool> parameters, ExecutorOptions options)
    : device_((device->use(), std::move(device))),
      watch_(watch),
      options_(options),
      suspended_(options.seconds_suspended()) {
  memory_.parameters = std::move(parameters);
}

// By default NVIDIA's driver for Linux saves only what it needs itself of the device's memory.
bool CudaExecutor::was_suspended() {
  constexpr double least = 0.01;  // far more than two readings differ by, far less than one lasts
  const double suspended = options_.seconds_suspended();
  if (suspended - suspended_ < least) return false;
  suspended_ = suspended;
  memory_.datasets.forget();
  memory_.parameters->forget();
  watch_.expect_audit();
  return true;
}

void CudaExecutor::train(const TrainingRun& run, RunState& state, std::uint64_t until,
                         const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) {
  const TrainingTask task{&run, &state, until, &progress};
  train_all(std::span(&task, 1), pause);
}

void CudaExecutor::train_all(std::span<const TrainingTask> tasks, const std::atomic<bool>& pause) {
  device_->use();
  was_suspended();
  memory_.datasets.drop_unused();
  std::vector<std::uint64_t> shown;  // progress before, should it have to be taken back
  for (const TrainingTask& task : tasks) shown.push_back(task.progress->load());
  for (;;) {
    TrainingBatch batch(*device_, memory_, watch_, options_.replay_share, tasks);
    batch.train(options_.launch_seconds, pause);
    std::string what;
    const bool verified = batch.verified(options_.launch_seconds, what);
    const bool suspended = was_suspended();
    if (verified && !suspended) {
      batch.commit();
      return watch_.agreed();
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) *tasks[i].progress = shown[i];
    if (!suspended) watch_.differed(what);
  }
}

void CudaExecutor::evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) {
  const EvaluationTask task{&run, &state, &snapshot};
  evaluate_all(std::span(&task, 1));
}

void CudaExecutor::evaluate_all(std::span<const EvaluationTask> tasks) {
  device_->use();
  was_suspended();
  memory_.datasets.drop_unused();
  for (;;) {
    std::string what;
    bool verified = false;
    try {
      evaluate_in_parts(tasks, memory_.parameters.get());
      verified = evaluation_verified(tasks, what);
    } catch (const ImpossibleMeasure& error) {
      const EvaluationTask& first = tasks.front();
      what = std::string(error.what()) + " in the evaluation of network " +
             std::to_string(first.run->network) + " at step " + std::to_string(first.state->step) +
             ", seed " + std::to_string(first.run->seed);
    }
    if (was_suspended()) continue;
    if (verified) return watch_.agreed();
    watch_.differed(what);
  }
}

}  // namespace axiom::cuda
