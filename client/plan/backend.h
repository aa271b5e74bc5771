// The contract between what is to be computed and the device that computes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "client/plan/device_yardsticks.h"
#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

/// One network to be trained, as Executor::train() takes it.
struct TrainingTask {
  const TrainingRun* run;
  RunState* state;
  std::uint64_t until;
  std::atomic<std::uint64_t>* progress;
};

/// One network to be evaluated, as Executor::evaluate() takes it.
struct EvaluationTask {
  const TrainingRun* run;
  const RunState* state;
  Snapshot* snapshot;
  /// Tasks that follow one another and name the same group are networks of one, of equal shape;
  /// null = alone.
  const void* group = nullptr;
};

/// Computes training runs. One executor belongs to one thread.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Trains `state` from its step up to step `until` (≤ run.steps), or to the first step boundary
  /// after `pause` becomes true. `progress` counts the finished steps as they are done.
  /// REQUIRES: state.parameters has run.shape.parameters() entries; run.train is filled.
  virtual void train(const TrainingRun& run, RunState& state, std::uint64_t until,
                     const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) = 0;

  /// Evaluates the run at `state`. Sets snapshot.diverged if a parameter or output is not
  /// finite. The snapshot refers to state.parameters, which must outlive it. It may be that of an
  /// earlier evaluation, `diverged` unset, whose memory is used again.
  virtual void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) = 0;

  /// Trains several networks, at once where the device can. May return when only some of them have
  /// arrived, so that others can take their places.
  virtual void train_all(std::span<const TrainingTask> tasks, const std::atomic<bool>& pause) {
    for (const TrainingTask& task : tasks) {
      train(*task.run, *task.state, task.until, pause, *task.progress);
    }
  }
  /// Evaluates several networks, at once where the device can.
  virtual void evaluate_all(std::span<const EvaluationTask> tasks) {
    for (const EvaluationTask& task : tasks) evaluate(*task.run, *task.state, *task.snapshot);
  }

  /// Gives back the memory that it keeps for its next piece of work, that of the matrix kernels in
  /// this thread included.
  virtual void release() {}

  /// `rest` is called within pieces of work that may take long on a slow host, wherever the run's
  /// state is that of a step boundary. It may block, and it may throw: then the piece is abandoned.
  void set_rest(std::function<void()> rest) { rest_ = std::move(rest); }

 protected:
  void rest() const {
    if (rest_) rest_();
  }

 private:
  std::function<void()> rest_;
};

/// Memory of a device, planned before the start.
struct DevicePlan {
  std::size_t networks_at_once = 1;  ///< per executor
  std::uint64_t planned_bytes = 0;   ///< of all executors
  std::uint64_t free_bytes = 0;      ///< before the start
  std::uint64_t usable_bytes = 0;    ///< the share of them that may be used
};

/// What watching a device has shown so far.
struct DeviceHealth {
  std::uint64_t replayed_steps = 0;  ///< done twice on the device
  std::uint64_t audited_steps = 0;   ///< done on the processor, too
  std::uint64_t mismatches = 0;      ///< thrown away and done again

  DeviceHealth& operator+=(const DeviceHealth& other) {
    replayed_steps += other.replayed_steps;
    audited_steps += other.audited_steps;
    mismatches += other.mismatches;
    return *this;
  }
};

/// A way to compute on this host.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string name() const = 0;
  /// The device, as its users know it; empty on a processor. REQUIRES: as make_executor().
  virtual std::string device() const { return {}; }
  /// Why this host cannot run it, in a phrase; empty if it can.
  virtual std::string unavailable_reason() const = 0;
  /// REQUIRES: unavailable_reason() is empty.
  virtual std::unique_ptr<Executor> make_executor() const = 0;
  /// Bytes that an executor holds at most while it works on `run` (parameters in RunState excluded,
  /// the snapshot's values included).
  virtual std::size_t executor_bytes(const TrainingRun& run) const = 0;
  /// Whether it gives back the few numbers that the evaluation set's use asks for, and no
  /// activations.
  virtual bool gives_measures(const TrainingRun& /*run*/, const EvaluationSet& /*set*/) const {
    return false;
  }
  /// Whether it gives scores and sums in place of outputs and gradients, where they are enough.
  virtual bool gives_scores() const { return false; }
  virtual const MatrixOps& matrix_ops() const = 0;

  /// Highest rate of fused multiply-adds in FLOP/s (a multiply-add counts as two), of one core or
  /// of the whole device, measured anew in a few milliseconds; 0: not known.
  /// REQUIRES: as make_executor().
  virtual double measured_peak() const { return 0; }
  /// What the device does at most; null on a processor. REQUIRES: as make_executor().
  virtual std::unique_ptr<DeviceYardsticks> yardsticks() const { return nullptr; }
  /// Name, identifier and driver of the device: what measured speeds belong to. Empty on a
  /// processor. REQUIRES: as make_executor().
  virtual std::string device_identity() const { return {}; }
  /// The device alone, whatever its driver or number: checkpoints note it. Empty on a processor.
  /// REQUIRES: as make_executor().
  virtual std::string device_uuid() const { return {}; }

  virtual DeviceHealth health() const { return {}; }
  /// Bytes copied between host and devices, both ways, since the program began; 0 on a processor.
  virtual std::uint64_t copied_bytes() const { return 0; }

  /// What a device with memory of its own holds at once. `runs`: those of one seed; `seeds`: of the
  /// work unit. DeviceError if not even one network fits. On a processor: one network, no memory.
  virtual DevicePlan plan_device(std::span<const TrainingRun* const> /*runs*/,
                                 std::size_t /*seeds*/, int /*executors*/) const {
    return {};
  }
};

}  // namespace axiom
