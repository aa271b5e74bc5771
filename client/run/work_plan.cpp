#include "client/run/work_plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include "checkpoint/format.h"
#include "client/result/canonical_json.h"
#include "client/run/schedule.h"

namespace axiom {
namespace {

// Of any number: -1.2345678901234567e-100.
constexpr std::uint64_t longest_number = 24;
// Many are short: counts, accuracies, nulls.
constexpr std::uint64_t usual_number = 16;

// Bytes of a value's canonical text with every number that long; null may stand for one.
std::uint64_t text_bytes(const Json& value, std::uint64_t number) {
  std::uint64_t bytes = 2;  // brackets
  if (value.is_object()) {
    for (const auto& [key, entry] : value.items()) {
      bytes += key.size() + 4 + text_bytes(entry, number);
    }
    return bytes;
  }
  if (value.is_array()) {
    for (const Json& entry : value) bytes += 1 + text_bytes(entry, number);
    return bytes;
  }
  return value.is_string() ? canonical_json(value).size() : number;
}

std::uint64_t networks_of(const SeedPlan& shape) {
  std::uint64_t networks = 0;
  for (const Group& group : shape.groups) networks += group.members.size();
  return networks;
}

// The lists of a summary do not depend on what was measured, but for those that choose among
// networks.
std::uint64_t result_bytes(const WorkUnit& work, const SeedPlan& shape, std::uint64_t number) {
  std::vector<GroupValues> values;
  for (const Group& group : shape.groups) {
    values.emplace_back(group.measured_steps.size() * group.values_per_measurement, 0.5);
  }
  const Json summary = work.experiment->summarize(work.parameters, shape, values);
  const std::uint64_t seed = text_bytes(summary, number) + networks_of(shape) * (number + 1);
  constexpr std::uint64_t frame = 512;  // the other keys of the file, "seed" of each seed
  return frame + text_bytes(work.parameters.values, number) + work.seeds.size() * (seed + 40);
}

}  // namespace

double evaluation_flops(const Group& group) {
  double flops = 0;
  for (const TrainingRun& run : group.members) {
    for (const Probe& probe : run.probes) flops += evaluation_flops(run.shape, probe);
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
  plan.result_bytes = result_bytes(work, shape, longest_number);
  return plan;
}

std::uint64_t writing_bytes(const WorkUnit& work, const SeedPlan& shape) {
  const std::uint64_t text = result_bytes(work, shape, usual_number);
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
