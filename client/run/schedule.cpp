#include "client/run/schedule.h"

#include <algorithm>
#include <string>
#include <utility>

namespace axiom {
namespace {

bool is_finished(const Group& group, const GroupState& state) {
  return state.measured == group.measured_steps.size();
}

bool has_arrived(const RunState& member, std::uint64_t until) {
  return member.diverged || member.step >= until;
}

double remaining_flops(const TrainingRun& run, const RunState* state) {
  if (state == nullptr) return run.flops(run.steps);
  return state->diverged ? 0 : run.flops(run.steps) - run.flops(state->step);
}

// Operations, from the last measurement on, that cannot run in parallel: those of the longest
// member. Looks at no RunState, since other members may be in training at this moment.
double longest_training(const Group& group, std::uint32_t measured) {
  const std::uint64_t from = measured == 0 ? 0 : group.measured_steps[measured - 1];
  double longest = 0;
  for (const TrainingRun& run : group.members) {
    longest = std::max(longest, run.flops(run.steps) - run.flops(from));
  }
  return longest;
}

bool fits(const TrainingRun& run, const RunState& member) {
  const std::size_t parameters = member.diverged ? 0 : run.shape.parameters();
  return member.step <= run.steps && member.parameters.size() == parameters;
}

bool fits(const Group& group, const GroupState& state) {
  if (state.measured > group.measured_steps.size()) return false;
  if (state.values.size() != state.measured * group.values_per_measurement) return false;
  if (state.members.empty()) return state.measured == 0 || is_finished(group, state);
  if (is_finished(group, state) || state.members.size() != group.members.size()) return false;
  const std::uint64_t until = group.measured_steps[state.measured];
  for (std::size_t m = 0; m < state.members.size(); ++m) {
    if (!fits(group.members[m], state.members[m]) || state.members[m].step > until) return false;
  }
  return true;
}

void require_fit(const SeedPlan& plan, const SeedState& state, std::size_t index) {
  const auto refuse = [&](const std::string& what) {
    throw CheckpointError("checkpoint does not fit its work unit: seed " + std::to_string(index) +
                          what);
  };
  if (state.groups.empty()) return;
  if (state.groups.size() != plan.groups.size()) refuse(" has another number of groups");
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    if (!fits(plan.groups[g], state.groups[g])) refuse(", group " + std::to_string(g));
  }
}

}  // namespace

bool is_finished(const SeedPlan& plan, const SeedState& state) {
  if (state.groups.empty()) return plan.groups.empty();
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    if (!is_finished(plan.groups[g], state.groups[g])) return false;
  }
  return true;
}

double remaining_flops(const Group& group, const GroupState* state) {
  if (state != nullptr && is_finished(group, *state)) return 0;
  double flops = 0;
  for (std::size_t m = 0; m < group.members.size(); ++m) {
    const bool started = state != nullptr && !state->members.empty();
    flops += remaining_flops(group.members[m], started ? &state->members[m] : nullptr);
  }
  return flops;
}

Schedule::Schedule(std::vector<SeedState>& seeds, const SeedPlan& shape) : seeds_(seeds) {
  for (std::size_t i = seeds_.size(); i-- > 0;) {
    require_fit(shape, seeds_[i], i);
    if (is_finished(shape, seeds_[i])) {
      ++finished_seeds_;
      newly_finished_.push_back(i);
    } else {
      unopened_.push_back(i);
    }
  }
}

std::optional<WorkItem> Schedule::take() {
  const auto kind = first_kind();
  return kind ? std::optional(extract_first(*kind)) : std::nullopt;
}

std::vector<WorkItem> Schedule::take_several(std::size_t networks, std::size_t measured,
                                             bool training_first) {
  const auto first = first_kind();
  if (!first) return {};
  const std::size_t to_train = ready_of(WorkItem::Kind::train).size();
  if (to_train < networks && !ready_of(WorkItem::Kind::start).empty()) {
    return {extract_first(WorkItem::Kind::start)};
  }
  const WorkItem::Kind kind = training_first && to_train > 0 ? WorkItem::Kind::train : *first;
  const std::size_t most = kind == WorkItem::Kind::train ? networks : measured;
  std::vector<WorkItem> items;
  while (!ready_of(kind).empty() && items.size() < most) items.push_back(extract_first(kind));
  return items;
}

std::size_t Schedule::ready() const {
  std::size_t items = 0;
  for (const Ready& kind : ready_) items += kind.size();
  return items;
}

// That of the item which comes before all others.
std::optional<WorkItem::Kind> Schedule::first_kind() const {
  const Ready* first = nullptr;
  for (const Ready& kind : ready_) {
    if (kind.empty()) continue;
    if (first == nullptr || kind.begin()->first < first->begin()->first) first = &kind;
  }
  return first != nullptr ? std::optional(first->begin()->second.kind) : std::nullopt;
}

WorkItem Schedule::extract_first(WorkItem::Kind kind) {
  Ready& items = ready_of(kind);
  return items.extract(items.begin()).mapped();
}

std::optional<std::size_t> Schedule::next_seed() const {
  if (unopened_.empty()) return std::nullopt;
  return unopened_.back();
}

void Schedule::begin_open() { unopened_.pop_back(); }

void Schedule::open(std::size_t index, SeedPlan plan) {
  OpenSeed& seed = *(open_[index] = std::make_unique<OpenSeed>());
  seed.index = index;
  seed.plan = std::move(plan);
  seed.state = &seeds_[index];
  seed.state->groups.resize(seed.plan.groups.size());
  seed.training.resize(seed.plan.groups.size());
  for (std::size_t g = 0; g < seed.plan.groups.size(); ++g) {
    if (is_finished(seed.plan.groups[g], seed.state->groups[g])) continue;
    ++seed.unfinished_groups;
    if (seed.state->groups[g].members.empty()) {
      push({WorkItem::Kind::start, &seed, g, 0});
    } else {
      advance(seed, g);
    }
  }
}

void Schedule::give_back(const WorkItem& item) {
  OpenSeed& seed = *item.seed;
  switch (item.kind) {
    case WorkItem::Kind::start:
      return advance(seed, item.group);
    case WorkItem::Kind::train:
      if (!has_arrived(item.state().members[item.member], item.until())) return push(item);
      if (--seed.training[item.group] == 0) push({WorkItem::Kind::measure, &seed, item.group, 0});
      return;
    case WorkItem::Kind::measure:
      ++item.state().measured;
      if (is_finished(item.plan(), item.state())) return finish_group(seed, item.group);
      return advance(seed, item.group);
  }
}

void Schedule::advance(OpenSeed& seed, std::size_t group) {
  WorkItem item{WorkItem::Kind::train, &seed, group, 0};
  std::size_t& training = seed.training[group];
  training = 0;
  for (; item.member < item.plan().members.size(); ++item.member) {
    if (has_arrived(item.state().members[item.member], item.until())) continue;
    push(item);
    ++training;
  }
  if (training == 0) push({WorkItem::Kind::measure, &seed, group, 0});
}

void Schedule::push(const WorkItem& item) {
  const double longest = longest_training(item.plan(), item.state().measured);
  const bool is_new = item.kind == WorkItem::Kind::start;  // false sorts first
  ready_of(item.kind).emplace(Order{is_new, item.seed->index, -longest, item.group, item.member},
                              item);
}

void Schedule::finish_group(OpenSeed& seed, std::size_t group) {
  seed.state->groups[group].members = {};
  if (--seed.unfinished_groups > 0) return;
  ++finished_seeds_;
  newly_finished_.push_back(seed.index);
  open_.erase(seed.index);
}

}  // namespace axiom
