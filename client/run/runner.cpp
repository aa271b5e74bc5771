// The supervising half: threads, checkpoints, progress. The workers' half is in worker.cpp.
#include "client/run/runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/system/clock.h"

namespace axiom {
namespace {

constexpr double poll_interval = 0.02;       // seconds, for requests and progress
constexpr double suspended_interval = 0.05;  // a throttling client lets it run a second at a time

}  // namespace

double RunProgress::fraction() const {
  if (total_flops <= 0) return 1;
  return std::clamp((resumed_flops + session_flops) / total_flops, 0.0, 1.0);
}

RunProgress RunProgress::after(const RunProgress& earlier) const {
  RunProgress both = *this;
  both.session_flops += resumed_flops - earlier.resumed_flops;
  both.resumed_flops = earlier.resumed_flops;
  both.seconds += earlier.seconds;
  both.training_seconds += earlier.training_seconds;
  both.evaluating_seconds += earlier.evaluating_seconds;
  both.metrics_seconds += earlier.metrics_seconds;
  both.pieces += earlier.pieces;
  return both;
}

double RunProgress::gflops_per_second() const {
  return seconds > 0 ? session_flops / seconds / 1e9 : 0;
}

std::optional<double> RunProgress::seconds_left() const {
  if (session_flops <= 0 || seconds <= 0) return std::nullopt;
  const double left = total_flops - resumed_flops - session_flops;
  return std::max(left, 0.0) * seconds / session_flops;
}

Runner::Runner(const WorkUnit& work, const Backend& backend, Checkpoint& state,
               CheckpointStore* store, RunnerOptions options, RunObserver& observer)
    : work_(work),
      backend_(backend),
      state_(state),
      store_(store),
      options_(std::move(options)),
      on_processor_(backend.device().empty()),
      observer_(observer),
      earlier_seconds_(state.seconds),
      schedule_(state.seeds, work.experiment->plan(work.parameters, work.seeds.front())) {
  note_device(state, backend.device_uuid());
  const SeedPlan shape = work.experiment->plan(work.parameters, work.seeds.front());
  for (const SeedState& seed : state.seeds) {
    for (std::size_t g = 0; g < shape.groups.size(); ++g) {
      const Group& group = shape.groups[g];
      const double all = remaining_flops(group, nullptr);
      total_flops_ += all;
      if (!seed.groups.empty()) resumed_flops_ += all - remaining_flops(group, &seed.groups[g]);
    }
  }
}

Runner::~Runner() { stop_workers(); }

int Runner::run() {
  int signal = 0;
  try {
    start_workers();
    signal = supervise();
  } catch (...) {
    stop_workers();  // before the state that they work on is gone
    drop_device_copies();
    throw;
  }
  stop_workers();
  drop_device_copies();
  {
    const std::lock_guard lock(mutex_);
    clock_.suspend();
  }
  {
    const std::lock_guard lock(mutex_);
    state_.seconds = seconds();  // also of a device that failed: the next goes on from its state
  }
  if (error_) std::rethrow_exception(error_);
  if (signal != 0 && store_ != nullptr) save();
  return signal;
}

void Runner::start_workers() {
  {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < options_.threads; ++i) slots_.emplace_back();
  }
  for (Slot& slot : slots_) threads_.emplace_back([this, &slot] { work(slot); });
}

// Lets the workers come to the next step boundary and leave.
void Runner::stop_workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    pause_ = true;
  }
  workers_wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

// Without executors they only hold the device's memory, also while a processor goes on; and its
// threads could not give it back.
void Runner::drop_device_copies() {
  for (SeedState& seed : state_.seeds) {
    for (GroupState& group : seed.groups) {
      for (RunState& member : group.members) member.device_copy.reset();
    }
  }
}

int Runner::supervise() {
  double next_save = monotonic_seconds() + options_.checkpoint_interval;
  for (;;) {
    if (const int signal = wait_while_suspended(); signal != 0) return signal;
    RunProgress progress;
    std::vector<std::size_t> done;
    {
      std::unique_lock lock(mutex_);
      const double until_save = store_ != nullptr ? next_save - monotonic_seconds() : poll_interval;
      const std::chrono::duration<double> pause(std::clamp(until_save, 0.0, poll_interval));
      main_wakes_.wait_for(lock, pause, [&] { return error_ || schedule_.finished(); });
      if (error_ || schedule_.finished()) return 0;
      progress = locked_progress();
      done = schedule_.take_finished_seeds();
    }
    if (options_.seed_done) std::for_each(done.begin(), done.end(), options_.seed_done);
    const bool due = options_.save_due ? options_.save_due() : monotonic_seconds() >= next_save;
    if (store_ != nullptr && due) {
      next_save = monotonic_seconds() + options_.checkpoint_interval;
      save_while_running();
      if (options_.save_done) options_.save_done();
    }
    observer_.progress(progress);
  }
}

// The stop signal, 0 if there is none. Returns at once unless the run is suspended.
int Runner::wait_while_suspended() {
  int signal = options_.stop_signal();
  if (signal != 0 || !options_.suspended || !options_.suspended()) return signal;
  {
    std::unique_lock lock(mutex_);
    if (!pause_workers(lock)) return 0;
    clock_.suspend();
  }
  while ((signal = options_.stop_signal()) == 0 && options_.suspended()) {
    std::this_thread::sleep_for(std::chrono::duration<double>(suspended_interval));
  }
  const std::unique_lock lock(mutex_);
  clock_.resume();
  release_workers();
  return signal;
}

// Until all stand still, with every state at a step boundary; false if one has failed.
bool Runner::pause_workers(std::unique_lock<std::mutex>& lock) {
  pausing_ = true;
  pause_ = true;
  main_wakes_.wait(lock, [&] { return error_ || busy_ == resting_; });
  return !error_;
}

void Runner::release_workers() {
  pausing_ = false;
  pause_ = false;
  workers_wake_.notify_all();
}

void Runner::save_while_running() {
  std::string bytes;
  {
    std::unique_lock lock(mutex_);
    if (!pause_workers(lock)) return;
    // Encoded while all stand still (a few milliseconds), so that no second copy is needed.
    state_.seconds = seconds();
    ++state_.checkpoints;
    bytes = store_->prepare(state_);
    release_workers();
  }
  try {
    store_->write(bytes);
  } catch (const IoError& error) {
    // The disk may have room again later; until then one warning is enough.
    if (!save_failed_) {
      observer_.warning(std::string("checkpoint not saved, the run goes on: ") + error.what());
    }
    save_failed_ = true;
    --state_.checkpoints;
    return;
  }
  if (save_failed_) observer_.warning("checkpoints are saved again");
  save_failed_ = false;
}

void Runner::save() {
  {
    const std::lock_guard lock(mutex_);
    state_.seconds = seconds();
  }
  ++state_.checkpoints;
  store_->save(state_);
}

double Runner::seconds() const { return earlier_seconds_ + clock_.seconds(); }

RunProgress Runner::progress() const {
  const std::lock_guard lock(mutex_);
  return locked_progress();
}

RunProgress Runner::locked_progress() const {
  RunProgress progress;
  progress.resumed_flops = resumed_flops_;
  progress.session_flops = session_flops_;
  for (const Slot& slot : slots_) {
    for (const Training& training : slot) progress.session_flops += training.flops();
  }
  progress.total_flops = total_flops_;
  progress.seconds = clock_.seconds();
  progress.training_seconds = training_seconds_;
  progress.evaluating_seconds = evaluating_seconds_;
  progress.metrics_seconds = metrics_seconds_;
  progress.pieces = pieces_.load(std::memory_order_relaxed);
  return progress;
}

}  // namespace axiom
