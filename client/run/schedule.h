// Which piece of work comes next. Plain bookkeeping without threads: the runner locks around it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "client/experiments/experiment.h"

namespace axiom {

/// A seed whose data are in memory.
struct OpenSeed {
  std::size_t index = 0;  ///< in the work unit
  SeedPlan plan;
  SeedState* state = nullptr;
  std::vector<std::size_t> training;  ///< by group: members on the way to the next measured step
  std::size_t unfinished_groups = 0;
};

/// A piece of work that one thread does at a time.
struct WorkItem {
  enum class Kind {
    start,    ///< initial parameters of all members
    train,    ///< one member, up to the group's next measured step
    measure,  ///< all members have arrived: evaluate and measure
  };
  Kind kind = Kind::start;
  OpenSeed* seed = nullptr;
  std::size_t group = 0;
  std::size_t member = 0;  ///< of train

  const Group& plan() const { return seed->plan.groups[group]; }
  GroupState& state() const { return seed->state->groups[group]; }
  /// The group's next measured step.
  std::uint64_t until() const { return plan().measured_steps[state().measured]; }
};

/// Order: groups that have started, the earlier seed first; then new groups, likewise, the longest
/// training first, so that the short ones fill up the end. A group starts only when no started
/// group has work to give away. So no more groups are in training at once than threads ask for
/// work, and no more seeds are open.
class Schedule {
 public:
  /// `seeds`: one state per seed of the work unit, which outlives the schedule; what is there
  /// already is taken up. `shape`: the plan of any seed. CheckpointError if a state does not fit
  /// it.
  Schedule(std::vector<SeedState>& seeds, const SeedPlan& shape);

  /// The next item; nothing if what is left is in progress or not open.
  std::optional<WorkItem> take();
  /// Items for a device that trains `networks` at once and measures `measured` groups at once: one
  /// start, or several to train or to measure. New groups are started while fewer networks than
  /// that are ready for training. `training_first`: the device has nothing to do otherwise. Empty
  /// like take().
  std::vector<WorkItem> take_several(std::size_t networks, std::size_t measured,
                                     bool training_first);
  /// Items that take() has to give.
  std::size_t ready() const;
  /// Whether more seeds must be opened for `networks` to be ready for training.
  bool wants_seed(std::size_t networks) const {
    return ready_of(WorkItem::Kind::train).size() < networks && !unopened_.empty() &&
           ready_of(WorkItem::Kind::start).empty();
  }

  /// The next seed to be opened, as its index; nothing if none is left.
  std::optional<std::size_t> next_seed() const;
  /// Takes that seed, so that next_seed() moves on.
  void begin_open();
  /// Hands in its plan, data generated.
  void open(std::size_t index, SeedPlan plan);

  /// Returns an item: done, or, if training was paused, not yet done.
  void give_back(const WorkItem& item);

  /// Those that have finished, or were found finished, since the last call.
  std::vector<std::size_t> take_finished_seeds() { return std::exchange(newly_finished_, {}); }
  bool finished() const { return finished_seeds_ == seeds_.size(); }

 private:
  // started first, seed, longest first, group, member
  using Order = std::tuple<bool, std::size_t, double, std::size_t, std::size_t>;

  using Ready = std::map<Order, WorkItem>;

  const Ready& ready_of(WorkItem::Kind kind) const {
    return ready_[static_cast<std::size_t>(kind)];
  }
  Ready& ready_of(WorkItem::Kind kind) { return ready_[static_cast<std::size_t>(kind)]; }
  std::optional<WorkItem::Kind> first_kind() const;
  WorkItem extract_first(WorkItem::Kind kind);
  void advance(OpenSeed& seed, std::size_t group);
  void push(const WorkItem& item);
  void finish_group(OpenSeed& seed, std::size_t group);

  std::vector<SeedState>& seeds_;
  std::map<std::size_t, std::unique_ptr<OpenSeed>> open_;
  std::array<Ready, 3> ready_;         ///< by kind
  std::vector<std::size_t> unopened_;  // descending
  std::size_t finished_seeds_ = 0;
  std::vector<std::size_t> newly_finished_;
};

/// Whether a seed has all its measurements.
bool is_finished(const SeedPlan& plan, const SeedState& state);

/// Floating-point operations that a group's training still takes; those of the whole training if it
/// has not started. A diverged member takes none.
double remaining_flops(const Group& group, const GroupState* state);

}  // namespace axiom
