// What each of the runner's threads does.
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "client/plan/initial_parameters.h"
#include "client/run/floating_point_environment.h"
#include "client/run/memory_plan.h"
#include "client/run/resting_matrix_ops.h"
#include "client/run/runner.h"
#include "client/system/memory.h"

namespace axiom {
namespace {

// Buffers of changing sizes leave gaps between those of other workers.
constexpr std::uint64_t most_gaps = std::uint64_t{512} << 10;

// Thrown within a long piece of work when the run ends.
struct Abandoned {};

void initialize(const Group& group, GroupState& state) {
  state.values.reserve(group.measured_steps.size() * group.values_per_measurement);
  state.members.resize(group.members.size());
  for (std::size_t m = 0; m < group.members.size(); ++m) {
    initial_parameters(group.members[m], state.members[m].parameters);
  }
}

}  // namespace

double Runner::Training::flops() const {
  return run->flops(first_step + steps.load(std::memory_order_relaxed)) - run->flops(first_step);
}

void Runner::work(Slot& slot) try {
  set_floating_point_environment();
  const std::unique_ptr<Executor> executor = backend_.make_executor();
  const auto rest_now = [this, &slot] { rest(slot); };
  executor->set_rest(rest_now);
  const RestingMatrixOps matrix_ops(backend_.matrix_ops(), rest_now);
  std::vector<Snapshot> kept;
  std::vector<std::uint64_t> held;
  const Tools tools{*executor, matrix_ops.table(), on_processor_ ? &kept : nullptr, &held};
  std::unique_lock lock(mutex_);
  while (!stopping_ && !schedule_.finished()) {
    if (!pausing_) {
      const bool hungry = options_.networks_at_once > 1 &&
                          schedule_.wants_seed(options_.networks_at_once) && !opening_;
      if (!hungry) {
        if (const std::vector<WorkItem> items = take_items(); !items.empty()) {
          do_items(items, tools, slot, lock);
          continue;
        }
      }
      if (!opening_ && schedule_.next_seed()) {
        open_seed(lock);
        continue;
      }
    }
    release(tools);
    if (pausing_ && one_group_each_) release_free_memory();  // rare, and all begin anew
    workers_wake_.wait(lock);
  }
} catch (const Abandoned&) {
  // The run ends: what the item would have brought is done again by the next one.
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
  measured_at_once_ = measured_at_once(plan, backend_, options_.networks_at_once);
  one_group_each_ =
      on_processor_ && counts_on_one_group_each(*work_.experiment, plan, work_.seeds.size(),
                                                backend_, options_.threads);
  schedule_.open(index, std::move(plan));
  workers_wake_.notify_all();
}

std::vector<WorkItem> Runner::take_items() {
  if (options_.networks_at_once > 1) {
    return schedule_.take_several(options_.networks_at_once, measured_at_once_, training_ == 0);
  }
  const auto item = schedule_.take();
  return item ? std::vector<WorkItem>{*item} : std::vector<WorkItem>{};
}

// What a worker keeps, so that it need not be allocated for each piece of work, is that of one
// group, or of another of the same sizes; and it waits with nothing. So no more workers hold that
// of a group than it has members.
void Runner::hold_only(const WorkItem& item, const Tools& tools) const {
  if (!one_group_each_) return;
  std::vector<std::uint64_t> sizes{work_.experiment->measure_bytes(item.seed->plan, item.group)};
  for (const TrainingRun& run : item.plan().members) sizes.push_back(backend_.executor_bytes(run));
  if (sizes != *tools.held) {
    release_free_memory(most_gaps);
    release(tools);
  }
  *tools.held = std::move(sizes);
}

void Runner::release(const Tools& tools) const {
  if (tools.held->empty()) return;
  tools.executor.release();
  *tools.kept = {};
  tools.held->clear();
}

// All items are of one kind.
void Runner::do_items(const std::vector<WorkItem>& items, const Tools& tools, Slot& slot,
                      std::unique_lock<std::mutex>& lock) {
  ++busy_;
  switch (items.front().kind) {
    case WorkItem::Kind::start:
      lock.unlock();
      for (const WorkItem& item : items) initialize(item.plan(), item.state());
      lock.lock();
      break;
    case WorkItem::Kind::train:
      hold_only(items.front(), tools);
      train(items, tools.executor, slot, lock);
      break;
    case WorkItem::Kind::measure:
      hold_only(items.front(), tools);
      evaluate_and_measure(items, tools, lock);
      break;
  }
  for (const WorkItem& item : items) schedule_.give_back(item);
  if (--busy_ == resting_ && pausing_) main_wakes_.notify_all();
  wake_for_ready_items();
}

void Runner::train(const std::vector<WorkItem>& items, Executor& executor, Slot& slot,
                   std::unique_lock<std::mutex>& lock) {
  const double started = clock_.seconds();
  std::vector<TrainingTask> tasks;
  for (const WorkItem& item : items) {
    const TrainingRun& run = item.plan().members[item.member];
    RunState& member = item.state().members[item.member];
    Training& training = slot.emplace_back();
    training.run = &run;
    training.first_step = member.step;
    tasks.push_back({&run, &member, item.until(), &training.steps});
  }
  ++training_;
  lock.unlock();
  executor.train_all(tasks, pause_);
  lock.lock();
  --training_;
  for (const Training& training : slot) session_flops_ += training.flops();
  slot.clear();
  training_seconds_ += clock_.seconds() - started;
}

void Runner::evaluate_and_measure(const std::vector<WorkItem>& items, const Tools& tools,
                                  std::unique_lock<std::mutex>& lock) {
  const double started = clock_.seconds();
  std::vector<std::vector<Snapshot>> snapshots(items.size());
  if (tools.kept != nullptr) {
    snapshots.front() = std::exchange(*tools.kept, {});
    for (Snapshot& snapshot : snapshots.front()) snapshot.diverged = false;
  }
  std::vector<EvaluationTask> tasks;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Group& group = items[i].plan();
    snapshots[i].resize(group.members.size());
    for (std::size_t m = 0; m < group.members.size(); ++m) {
      const RunState& member = items[i].state().members[m];
      if (!member.diverged)
        tasks.push_back({&group.members[m], &member, &snapshots[i][m], &items[i]});
    }
  }
  lock.unlock();
  tools.executor.evaluate_all(tasks);
  lock.lock();
  const double evaluated = clock_.seconds();
  lock.unlock();
  double skipped_flops = 0;
  std::vector<std::vector<double>> values;
  for (std::size_t i = 0; i < items.size(); ++i) {
    skipped_flops += note_divergence(items[i], snapshots[i]);
    values.push_back(measure(items[i], snapshots[i], tools.matrix_ops));
    if (tools.kept != nullptr) *tools.kept = std::move(snapshots[i]);
    snapshots[i] = {};
  }
  lock.lock();
  // Only now: a checkpoint that was saved meanwhile has none of them.
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::vector<double>& all = items[i].state().values;
    all.insert(all.end(), values[i].begin(), values[i].end());
  }
  pieces_.fetch_add(1, std::memory_order_relaxed);
  evaluating_seconds_ += evaluated - started;
  metrics_seconds_ += clock_.seconds() - evaluated;
  total_flops_ -= skipped_flops;
}

// Returns the operations that newly diverged members need not do.
double Runner::note_divergence(const WorkItem& item, std::vector<Snapshot>& snapshots) {
  const Group& group = item.plan();
  GroupState& state = item.state();
  double skipped_flops = 0;
  for (std::size_t m = 0; m < group.members.size(); ++m) {
    const TrainingRun& run = group.members[m];
    RunState& member = state.members[m];
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

std::vector<double> Runner::measure(const WorkItem& item, const std::vector<Snapshot>& snapshots,
                                    const MatrixOps& matrix_ops) const {
  std::vector<double> values(item.plan().values_per_measurement,
                             std::numeric_limits<double>::quiet_NaN());
  work_.experiment->measure(work_.parameters, item.seed->plan, item.group, item.state().measured,
                            snapshots, matrix_ops, values);
  return values;
}

// Called within long pieces of work, without the lock; `slot` is that of the worker itself.
void Runner::rest(const Slot& slot) {
  // Of a training step only the end counts.
  if (slot.empty()) pieces_.fetch_add(1, std::memory_order_relaxed);
  if (!pause_.load(std::memory_order_relaxed)) return;
  std::unique_lock lock(mutex_);
  if (pausing_ && !stopping_) {
    if (++resting_ == busy_) main_wakes_.notify_all();
    workers_wake_.wait(lock, [&] { return !pausing_ || stopping_; });
    --resting_;
  }
  if (stopping_) throw Abandoned{};
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
