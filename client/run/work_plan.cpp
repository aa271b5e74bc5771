#include "client/run/work_plan.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "checkpoint/format.h"
#include "client/result/canonical_json.h"
#include "client/run/schedule.h"

namespace axiom {
namespace {

// Of any number: -1.2345678901234567e-100.
constexpr std::uint64_t longest_number = 24;
// Of an accuracy, a share of some hundred samples: 0.536.
constexpr std::uint64_t accuracy_number = 5;

// Bytes of a value's canonical text; number_bytes(value, whether it is listed as an accuracy) of
// all but its strings.
template <typename NumberBytes>
std::uint64_t text_bytes(const Json& value, NumberBytes number_bytes, bool accuracy = false) {
  std::uint64_t bytes = 2;  // brackets
  if (value.is_object()) {
    for (const auto& [key, entry] : value.items()) {
      const bool listed = entry.is_array() && key.ends_with("acc");
      bytes += key.size() + 4 + text_bytes(entry, number_bytes, listed);
    }
    return bytes;
  }
  if (value.is_array()) {
    for (const Json& entry : value) bytes += 1 + text_bytes(entry, number_bytes, accuracy);
    return bytes;
  }
  return value.is_string() ? canonical_json(value).size() : number_bytes(value, accuracy);
}

// null may stand for a number.
std::uint64_t longest(const Json&, bool) { return longest_number; }

std::uint64_t usual(const Json& value, bool accuracy) {
  return accuracy ? accuracy_number : canonical_json(value).size();
}

std::uint64_t networks_of(const SeedPlan& shape) {
  std::uint64_t networks = 0;
  for (const Group& group : shape.groups) networks += group.members.size();
  return networks;
}

// As text no longer and no shorter than what is measured.
double any_measurement(std::uint64_t index) {
  const double golden_ratio = 0.6180339887498949;
  const double turns = static_cast<double>(index + 1) * golden_ratio;
  return 0.5 + (turns - std::floor(turns)) / 3;
}

// The lists of a summary do not depend on what was measured, but for those that choose among
// networks.
template <typename NumberBytes>
std::uint64_t result_bytes(const WorkUnit& work, const SeedPlan& shape, NumberBytes number_bytes) {
  std::vector<GroupValues> values;
  std::uint64_t index = 0;
  for (const Group& group : shape.groups) {
    values.emplace_back(group.measured_steps.size() * group.values_per_measurement);
    for (double& value : values.back()) value = any_measurement(index++);
  }
  const Json summary = work.experiment->summarize(work.parameters, shape, values);
  constexpr std::uint64_t frame = 512;  // the other keys of the file, "seed" of each seed
  return frame + text_bytes(work.parameters.values, number_bytes) +
         work.seeds.size() * (text_bytes(summary, number_bytes) + 40);
}

}  // namespace

double evaluation_flops(const Group& group) {
  double flops = 0;
  for (const TrainingRun& run : group.members) {
    for (const EvaluationSet& set : run.evaluation_sets) flops += evaluation_flops(run.shape, set);
  }
  return flops;
}

WorkPlan plan_work(const WorkUnit& work, const SeedPlan& shape) {
  const std::uint64_t seeds = work.seeds.size();
  WorkPlan plan;
  for (const Group& group : shape.groups) {
    for (const TrainingRun& run : group.members) {
      const std::uint64_t bytes = sizeof(float) * run.shape.parameters();
      plan.training_steps += seeds * run.steps;
      plan.parameter_bytes += seeds * bytes;
      plan.largest_parameter_bytes = std::max(plan.largest_parameter_bytes, bytes);
    }
    plan.measurements += seeds * group.measured_steps.size();
    plan.evaluation_flops +=
        static_cast<double>(seeds * group.measured_steps.size()) * evaluation_flops(group);
  }
  // Summed like the runner's, so that both are the same number.
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (const Group& group : shape.groups) plan.training_flops += remaining_flops(group, nullptr);
  }
  plan.networks = seeds * networks_of(shape);
  plan.result_bytes = most_result_bytes(work, shape);
  return plan;
}

std::uint64_t most_result_bytes(const WorkUnit& work, const SeedPlan& shape) {
  // A list of chosen networks may hold all of them.
  return result_bytes(work, shape, longest) +
         work.seeds.size() * networks_of(shape) * (longest_number + 1);
}

std::uint64_t writing_bytes(const WorkUnit& work, const SeedPlan& shape) {
  const std::uint64_t text = result_bytes(work, shape, usual);
  return text + 2 * text / work.seeds.size();
}

DiskPlan plan_disk(const WorkPlan& work, std::uint64_t seeds, const MemoryPlan& memory) {
  namespace format = checkpoint_format;
  DiskPlan disk;
  // In memory an entry takes no less than in the file.
  disk.checkpoint = format::envelope_bytes + format::header_bytes + seeds * format::seed_bytes +
                    memory.states + memory.values + format::planned_devices_bytes;
  disk.result = work.result_bytes;
  return disk;
}

}  // namespace axiom
