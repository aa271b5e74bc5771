#include "client/run/summarize.h"

#include <utility>
#include <vector>

#include "client/result/result_document.h"

namespace axiom {

std::optional<Summary> summarize(const WorkUnit& work, const Checkpoint& state,
                                 const std::function<int()>& stop_signal) {
  const Experiment& experiment = *work.experiment;
  ResultDocument document(experiment.name(), work.parameters);
  Summary summary;
  for (std::size_t i = 0; i < work.seeds.size(); ++i) {
    if (stop_signal() != 0) return std::nullopt;
    const SeedPlan plan = experiment.plan(work.parameters, work.seeds[i]);
    std::vector<GroupValues> values;
    for (const GroupState& group : state.seeds[i].groups) values.push_back(group.values);
    Json seed = experiment.summarize(work.parameters, plan, values);
    summary.means.add(seed);
    document.add_seed(work.seeds[i], std::move(seed));
  }
  summary.result = document.finish();
  return summary;
}

}  // namespace axiom
