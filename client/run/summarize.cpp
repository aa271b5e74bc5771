#include "client/run/summarize.h"

#include <utility>
#include <vector>

namespace axiom {
namespace {

Json summarize_seed(const WorkUnit& work, const Checkpoint& state, std::size_t index) {
  const SeedPlan plan = work.experiment->plan(work.parameters, work.seeds[index]);
  std::vector<GroupValues> values;
  for (const GroupState& group : state.seeds[index].groups) values.push_back(group.values);
  return work.experiment->summarize(work.parameters, plan, values);
}

}  // namespace

ResultDocument summarize_seeds(const WorkUnit& work, const Checkpoint& state, std::size_t first,
                               std::size_t count) {
  ResultDocument document(work.experiment->name(), work.parameters, count);
  for (std::size_t i = first; i < first + count; ++i) {
    document.add_seed(work.seeds[i], summarize_seed(work, state, i));
  }
  return document;
}

std::optional<Summary> summarize(const WorkUnit& work, const Checkpoint& state,
                                 const std::function<int()>& stop_signal) {
  ResultDocument document(work.experiment->name(), work.parameters, work.seeds.size());
  Summary summary;
  for (std::size_t i = 0; i < work.seeds.size(); ++i) {
    if (stop_signal() != 0) return std::nullopt;
    Json seed = summarize_seed(work, state, i);
    summary.means.add(seed);
    document.add_seed(work.seeds[i], std::move(seed));
  }
  summary.result = document.finish();
  return summary;
}

}  // namespace axiom
