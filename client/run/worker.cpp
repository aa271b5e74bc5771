// What each of the runner's threads does.
#include <limits>
#include <span>
#include <utility>

#include "client/plan/initial_parameters.h"
#include "client/run/floating_point_environment.h"
#include "client/run/runner.h"
#include "client/system/clock.h"

namespace axiom {
namespace {

void initialize(const Group& group, GroupState& state) {
  state.values.reserve(group.measured_steps.size() * group.values_per_measurement);
  state.members.resize(group.members.size());
  for (std::size_t m = 0; m < group.members.size(); ++m) {
    initial_parameters(group.members[m], state.members[m].parameters);
  }
}

}  // namespace

double Runner::Slot::flops() const {
  if (run == nullptr) return 0;
  return run->flops(first_step + steps.load(std::memory_order_relaxed)) - run->flops(first_step);
}

void Runner::work(Slot& slot) try {
  set_floating_point_environment();
  const std::unique_ptr<Executor> executor = backend_.make_executor();
  std::unique_lock lock(mutex_);
  while (!stopping_ && !schedule_.finished()) {
    if (!pausing_) {
      if (const auto item = schedule_.take()) {
        do_item(*item, *executor, slot, lock);
        continue;
      }
      if (!opening_ && schedule_.next_seed()) {
        open_seed(lock);
        continue;
      }
    }
    workers_wake_.wait(lock);
  }
} catch (...) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::current_exception();
  stopping_ = true;
  pause_ = true;
  workers_wake_.notify_all();
  main_wakes_.notify_all();
}

// Not counted as busy: a seed being opened has no state that could be saved half-way.
void Runner::open_seed(std::unique_lock<std::mutex>& lock) {
  const std::size_t index = *schedule_.next_seed();
  schedule_.begin_open();
  opening_ = true;
  lock.unlock();
  SeedPlan plan = work_.experiment->plan(work_.parameters, work_.seeds[index]);
  work_.experiment->generate(work_.parameters, plan);
  lock.lock();
  opening_ = false;
  schedule_.open(index, std::move(plan));
  workers_wake_.notify_all();
}

void Runner::do_item(const WorkItem& item, Executor& executor, Slot& slot,
                     std::unique_lock<std::mutex>& lock) {
  ++busy_;
  const double started = monotonic_seconds();
  double skipped_flops = 0;
  switch (item.kind) {
    case WorkItem::Kind::start:
      lock.unlock();
      initialize(item.plan(), item.state());
      lock.lock();
      break;
    case WorkItem::Kind::train: {
      const TrainingRun& run = item.plan().members[item.member];
      RunState& member = item.state().members[item.member];
      const std::uint64_t until = item.until();
      slot.first_step = member.step;
      slot.steps = 0;
      slot.run = &run;
      lock.unlock();
      executor.train(run, member, until, pause_, slot.steps);
      lock.lock();
      slot.run = nullptr;
      session_flops_ += run.flops(member.step) - run.flops(slot.first_step);
      training_seconds_ += monotonic_seconds() - started;
      break;
    }
    case WorkItem::Kind::measure: {
      std::vector<Snapshot> snapshots(item.plan().members.size());
      lock.unlock();
      skipped_flops = evaluate(item, executor, snapshots);
      const double evaluated = monotonic_seconds();
      measure(item, snapshots);
      lock.lock();
      evaluating_seconds_ += evaluated - started;
      metrics_seconds_ += monotonic_seconds() - evaluated;
      break;
    }
  }
  total_flops_ -= skipped_flops;
  schedule_.give_back(item);
  if (--busy_ == 0 && pausing_) main_wakes_.notify_all();
  wake_for_ready_items();
}

// Returns the operations that newly diverged members need not do.
double Runner::evaluate(const WorkItem& item, Executor& executor,
                        std::vector<Snapshot>& snapshots) {
  const Group& group = item.plan();
  GroupState& state = item.state();
  double skipped_flops = 0;
  for (std::size_t m = 0; m < group.members.size(); ++m) {
    const TrainingRun& run = group.members[m];
    RunState& member = state.members[m];
    if (!member.diverged) executor.evaluate(run, member, snapshots[m]);
    if (!member.diverged && snapshots[m].diverged) {
      member.diverged = true;
      member.parameters = {};  // NaN payloads differ between devices: no state depends on them
      skipped_flops += run.flops(run.steps) - run.flops(member.step);
    }
    if (member.diverged) {
      snapshots[m] = {};
      snapshots[m].diverged = true;
    }
  }
  return skipped_flops;
}

void Runner::measure(const WorkItem& item, const std::vector<Snapshot>& snapshots) {
  GroupState& state = item.state();
  const std::size_t count = item.plan().values_per_measurement;
  state.values.resize(state.values.size() + count, std::numeric_limits<double>::quiet_NaN());
  work_.experiment->measure(work_.parameters, item.seed->plan, item.group, state.measured,
                            snapshots, backend_.matrix_ops(), std::span(state.values).last(count));
}

// This worker takes the first item itself.
void Runner::wake_for_ready_items() {
  if (schedule_.finished()) {
    workers_wake_.notify_all();
    main_wakes_.notify_all();
    return;
  }
  for (std::size_t i = 1; i < schedule_.ready() && i < slots_.size(); ++i) {
    workers_wake_.notify_one();
  }
}

}  // namespace axiom
