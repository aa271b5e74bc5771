// The contract between what is to be computed and the device that computes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

/// Computes training runs. One executor belongs to one thread.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Trains `state` from its step up to step `until` (≤ run.steps), or to the first step boundary
  /// after `pause` becomes true. `progress` counts the finished steps as they are done.
  /// REQUIRES: state.parameters has run.shape.parameters() entries; run.train is filled.
  virtual void train(const TrainingRun& run, RunState& state, std::uint64_t until,
                     const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) = 0;

  /// Evaluates the run's probes at `state`. Sets snapshot.diverged if a parameter or output is not
  /// finite. The snapshot refers to state.parameters, which must outlive it.
  virtual void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) = 0;
};

/// A way to compute on this host.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string name() const = 0;
  /// Why this host cannot run it, in a phrase; empty if it can.
  virtual std::string unavailable_reason() const = 0;
  /// REQUIRES: unavailable_reason() is empty.
  virtual std::unique_ptr<Executor> make_executor() const = 0;
  /// Bytes that an executor holds at most while it works on `run` (parameters in RunState excluded,
  /// the snapshot's values included).
  virtual std::size_t executor_bytes(const TrainingRun& run) const = 0;
  virtual const MatrixOps& matrix_ops() const = 0;
};

}  // namespace axiom
