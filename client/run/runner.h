// Runs the work of a work unit on threads, and saves it on the way.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/store.h"
#include "client/plan/backend.h"
#include "client/run/run_clock.h"
#include "client/run/schedule.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

/// How far the training is, in floating-point operations of its steps.
struct RunProgress {
  double resumed_flops = 0;       ///< done before this session
  double session_flops = 0;       ///< done in this session
  double total_flops = 0;         ///< of the work unit, less what diverged networks need not do
  double seconds = 0;             ///< of this session
  double training_seconds = 0;    ///< of this session, all threads together
  double evaluating_seconds = 0;  ///< likewise: networks on their evaluation sets
  double metrics_seconds = 0;     ///< likewise
  std::uint64_t pieces = 0;       ///< of evaluations and metrics, finished in this session

  /// With what another runner did before in this session, from whose state this one went on.
  RunProgress after(const RunProgress& earlier) const;
  double fraction() const;
  double gflops_per_second() const;
  /// Seconds left; nothing while there is no measure of the speed.
  std::optional<double> seconds_left() const;
};

/// Hears of a run; called from the thread that called Runner::run().
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// Several times a second.
  virtual void progress(const RunProgress& progress) = 0;
  virtual void warning(const std::string& line) = 0;
};

struct RunnerOptions {
  int threads = 1;
  double checkpoint_interval = 60;                      ///< seconds
  std::function<int()> stop_signal = [] { return 0; };  ///< polled; 0 = go on
  std::size_t networks_at_once = 1;                     ///< that one thread's device trains
  std::function<bool()> suspended = {};  ///< polled; while true all workers stand still
  /// Replaces the interval, if given: whether to save now. `save_done` follows each true.
  std::function<bool()> save_due = {};
  std::function<void()> save_done = {};
  /// Told of each seed (by its index) whose state does not change any more, those of a resumed
  /// state included; called from the thread that called run(), until all are done.
  std::function<void(std::size_t seed)> seed_done = {};
};

/// The values are a function of the work unit alone: not of threads, order or interruptions.
class Runner {
 public:
  /// `state`: fresh (one entry per seed) or from a checkpoint; advanced in place, and the backend's
  /// device noted in it. `store` may be null: nothing is saved then. All references outlive the
  /// runner. CheckpointError if the state does not fit the work unit.
  Runner(const WorkUnit& work, const Backend& backend, Checkpoint& state, CheckpointStore* store,
         RunnerOptions options, RunObserver& observer);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Until all is measured (0) or a stop signal came (its number; the state is saved then).
  /// Rethrows what a worker threw. IoError if the state could not be saved at a stop; a failure to
  /// save in between is a warning, and tried again.
  int run();

  /// Saves the state. REQUIRES: run() has returned, store is given.
  void save();

  /// From any thread.
  RunProgress progress() const;

 private:
  // A network that a worker trains.
  struct Training {
    const TrainingRun* run = nullptr;
    std::uint64_t first_step = 0;
    std::atomic<std::uint64_t> steps{0};  // since first_step

    double flops() const;
  };
  // What one worker computes with.
  struct Tools {
    Executor& executor;
    const MatrixOps& matrix_ops;
    /// Of the last measurement, for their memory: on a processor only, which fills all that is
    /// asked for, where a device may leave one thing out for another.
    std::vector<Snapshot>* kept;
    /// What identifies the sizes of the group whose memory is held; empty: none is.
    std::vector<std::uint64_t>* held;
  };
  // What one worker is at.
  using Slot = std::deque<Training>;

  void start_workers();
  void stop_workers();
  void drop_device_copies();
  int supervise();
  int wait_while_suspended();
  bool pause_workers(std::unique_lock<std::mutex>& lock);
  void release_workers();
  void save_while_running();
  // These two with the lock.
  double seconds() const;
  RunProgress locked_progress() const;

  void work(Slot& slot);
  void open_seed(std::unique_lock<std::mutex>& lock);
  std::vector<WorkItem> take_items();
  void do_items(const std::vector<WorkItem>& items, const Tools& tools, Slot& slot,
                std::unique_lock<std::mutex>& lock);
  void hold_only(const WorkItem& item, const Tools& tools) const;
  void release(const Tools& tools) const;
  void train(const std::vector<WorkItem>& items, Executor& executor, Slot& slot,
             std::unique_lock<std::mutex>& lock);
  void evaluate_and_measure(const std::vector<WorkItem>& items, const Tools& tools,
                            std::unique_lock<std::mutex>& lock);
  double note_divergence(const WorkItem& item, std::vector<Snapshot>& snapshots);
  std::vector<double> measure(const WorkItem& item, const std::vector<Snapshot>& snapshots,
                              const MatrixOps& matrix_ops) const;
  void wake_for_ready_items();
  void rest(const Slot& slot);

  const WorkUnit& work_;
  const Backend& backend_;
  Checkpoint& state_;
  CheckpointStore* store_;
  const RunnerOptions options_;
  const bool on_processor_;
  RunObserver& observer_;
  const double earlier_seconds_;

  std::vector<std::thread> threads_;
  std::atomic<bool> pause_{false};  // asks executors to return at the next step
  std::atomic<std::uint64_t> pieces_{0};

  mutable std::mutex mutex_;  // guards all below, and state_ while no worker is busy
  std::condition_variable workers_wake_;
  std::condition_variable main_wakes_;
  Schedule schedule_;
  std::deque<Slot> slots_;
  bool pausing_ = false;              // no new items
  bool stopping_ = false;             // workers leave
  bool opening_ = false;              // one worker is generating a seed's data
  std::size_t measured_at_once_ = 1;  // of the open seeds' shape
  bool one_group_each_ = false;       // likewise: the memory plan counts on it
  int busy_ = 0;                      // workers that hold items
  int resting_ = 0;                   // of them: those that stand still within theirs
  int training_ = 0;                  // of them: those that train
  std::exception_ptr error_;
  double total_flops_ = 0;
  double resumed_flops_ = 0;
  double session_flops_ = 0;
  double training_seconds_ = 0;
  double evaluating_seconds_ = 0;
  double metrics_seconds_ = 0;
  bool save_failed_ = false;
  mutable RunClock clock_;  // of this session, until run() returns
};

}  // namespace axiom
