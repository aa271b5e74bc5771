#include "client/run/memory_plan.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "client/run/schedule.h"

namespace axiom {
namespace {

constexpr std::uint64_t float_bytes = sizeof(float);
constexpr std::uint64_t heap_bytes = 16;  // of the allocator's own, for each block

std::uint64_t state_bytes(const Group& group) {
  std::uint64_t bytes = 0;
  for (const TrainingRun& run : group.members) {
    bytes += sizeof(RunState) + float_bytes * run.shape.parameters();
  }
  return bytes;
}

std::uint64_t snapshot_bytes(const TrainingRun& run, const Backend& backend) {
  std::uint64_t floats = 0;
  for (const EvaluationSet& set : run.evaluation_sets) {
    const auto samples = static_cast<std::uint64_t>(set.samples);
    const auto inputs = static_cast<std::uint64_t>(run.shape.inputs());
    const bool scored = set.score_only && backend.gives_scores();
    const bool summed = !set.sums.empty() && backend.gives_scores();
    if (!scored) floats += samples * static_cast<std::uint64_t>(run.shape.outputs());
    const bool measured = backend.gives_measures(run, set);
    for (const int layer : set.hidden_layers) {
      const auto width = static_cast<std::uint64_t>(run.shape.fan_out(layer - 1));
      floats += measured ? 2 * std::min(samples, width) : samples * width;  // doubles then
    }
    if (set.input_gradients && !summed) floats += samples * inputs;
    if (set.first_layer_gradient && !summed) floats += run.shape.weights(0);
  }
  return float_bytes * floats;
}

// Beyond the executors, of which each counts one snapshot.
std::uint64_t measuring_bytes(const Experiment& experiment, const SeedPlan& plan, std::size_t g,
                              const Backend& backend) {
  std::uint64_t snapshots = 0;
  std::uint64_t largest = 0;
  for (const TrainingRun& run : plan.groups[g].members) {
    snapshots += snapshot_bytes(run, backend);
    largest = std::max(largest, snapshot_bytes(run, backend));
  }
  return snapshots - largest + experiment.measure_bytes(plan, g);
}

// Of the `count` largest, where each of `sizes` comes so many `times`.
std::uint64_t sum_of_largest(std::vector<std::uint64_t> sizes, std::uint64_t times,
                             std::uint64_t count) {
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  std::uint64_t bytes = 0;
  for (const std::uint64_t size : sizes) {
    const std::uint64_t taken = std::min(count, times);
    bytes += taken * size;
    count -= taken;
  }
  return bytes;
}

// A worker holds what one group asks for, and no more workers than the group has members do
// (counts_on_one_group_each(), Runner::hold_only()).
std::uint64_t processor_bytes(const Experiment& experiment, const SeedPlan& plan,
                              const Backend& backend, std::uint64_t open_seeds,
                              std::uint64_t workers) {
  std::vector<std::uint64_t> sizes;
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    std::uint64_t executor = 0;
    for (const TrainingRun& run : plan.groups[g].members) {
      executor = std::max<std::uint64_t>(executor, backend.executor_bytes(run));
    }
    sizes.insert(sizes.end(), plan.groups[g].members.size(),
                 executor + measuring_bytes(experiment, plan, g, backend));
  }
  return sum_of_largest(std::move(sizes), open_seeds, workers);
}

// With a device an executor keeps the buffers of the largest run it has seen, and several groups
// are measured in one go.
std::uint64_t device_worker_bytes(const Experiment& experiment, const SeedPlan& plan,
                                  const Backend& backend, std::size_t networks_at_once) {
  const std::uint64_t groups = measured_at_once(plan, backend, networks_at_once);
  std::uint64_t executor = 0;
  std::uint64_t measuring = 0;
  std::uint64_t parameters = 0;
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    std::uint64_t snapshots = 0;
    for (const TrainingRun& run : plan.groups[g].members) {
      executor = std::max<std::uint64_t>(executor, backend.executor_bytes(run));
      parameters = std::max<std::uint64_t>(parameters, float_bytes * run.shape.parameters());
      snapshots += snapshot_bytes(run, backend);
    }
    // On the way from a device, results of all groups exist twice.
    measuring =
        std::max(measuring, groups > 1 ? 2 * groups * snapshots + experiment.measure_bytes(plan, g)
                                       : measuring_bytes(experiment, plan, g, backend));
  }
  // Twice: what lies between the parameters of two networks comes along (cuda/transfers.h).
  const std::uint64_t staged = networks_at_once > 1 ? 2 * networks_at_once * parameters : 0;
  return executor + measuring + staged;
}

std::uint64_t value_bytes(const SeedPlan& plan) {
  std::uint64_t bytes = 0;
  for (const Group& group : plan.groups) {
    bytes += sizeof(GroupState) + heap_bytes +
             sizeof(double) * group.measured_steps.size() * group.values_per_measurement;
  }
  return bytes;
}

// Schedule keeps at most one group per network at work in training, the largest first.
std::uint64_t planned_state_bytes(const SeedPlan& plan, std::uint64_t open_seeds,
                                  std::uint64_t places) {
  std::vector<std::uint64_t> sizes;
  for (const Group& group : plan.groups) sizes.push_back(state_bytes(group));
  return sum_of_largest(std::move(sizes), open_seeds, places);
}

std::uint64_t resumed_state_bytes(const Checkpoint& checkpoint) {
  std::uint64_t bytes = 0;
  for (const SeedState& seed : checkpoint.seeds) {
    for (const GroupState& group : seed.groups) {
      for (const RunState& member : group.members) {
        bytes += sizeof(RunState) + float_bytes * member.parameters.size();
      }
    }
  }
  return bytes;
}

/// At least one.
std::size_t networks_per_seed(const SeedPlan& plan) {
  std::size_t networks = 0;
  for (const Group& group : plan.groups) networks += group.members.size();
  return std::max<std::size_t>(networks, 1);
}

}  // namespace

int useful_threads(const SeedPlan& plan, std::size_t seeds, int threads) {
  return static_cast<int>(std::clamp<std::size_t>(networks_per_seed(plan) * seeds, 1,
                                                  static_cast<std::size_t>(threads)));
}

bool counts_on_one_group_each(const Experiment& experiment, const SeedPlan& plan, std::size_t seeds,
                              const Backend& backend, int threads) {
  const auto workers = static_cast<std::uint64_t>(threads);
  const std::uint64_t open_seeds = std::min<std::uint64_t>(workers, seeds);
  return processor_bytes(experiment, plan, backend, open_seeds, workers) <
         workers * processor_bytes(experiment, plan, backend, 1, 1);
}

DevicePlan plan_device_memory(const SeedPlan& plan, std::size_t seeds, const Backend& backend,
                              int threads) {
  std::vector<const TrainingRun*> runs;
  for (const Group& group : plan.groups) {
    for (const TrainingRun& run : group.members) runs.push_back(&run);
  }
  return backend.plan_device(runs, seeds, threads);
}

std::size_t measured_at_once(const SeedPlan& plan, const Backend& backend,
                             std::size_t networks_at_once) {
  constexpr std::uint64_t enough = std::uint64_t{64} << 20;  // bytes of snapshots
  constexpr std::uint64_t least = 8;
  if (networks_at_once <= 1) return 1;
  std::uint64_t largest = 1;
  for (const Group& group : plan.groups) {
    std::uint64_t snapshots = 0;
    for (const TrainingRun& run : group.members) snapshots += snapshot_bytes(run, backend);
    largest = std::max(largest, snapshots);
  }
  const std::uint64_t most = std::max<std::uint64_t>(networks_at_once, least);
  return static_cast<std::size_t>(std::clamp(enough / largest, least, most));
}

MemoryPlan plan_memory(const Experiment& experiment, const SeedPlan& plan, std::size_t seeds,
                       const Backend& backend, int threads, const Checkpoint* resumed,
                       bool checkpoints, std::size_t networks_at_once,
                       std::uint64_t writing_bytes) {
  const auto workers = static_cast<std::uint64_t>(threads);
  const std::uint64_t networks = workers * networks_at_once;
  // Enough for all places, one that is being left and one that is being opened.
  const std::uint64_t wanted_seeds =
      networks_at_once > 1 ? networks / networks_per_seed(plan) + 2 : workers;
  const std::uint64_t open_seeds = std::min<std::uint64_t>(wanted_seeds, seeds);
  std::uint64_t dataset_bytes = 0;
  for (const auto& data : plan.datasets) dataset_bytes += data->bytes();

  MemoryPlan memory;
  memory.program = MemoryPlan::program_bytes + workers * MemoryPlan::thread_bytes;
  memory.datasets = open_seeds * dataset_bytes;
  memory.states = planned_state_bytes(plan, open_seeds, networks);
  if (resumed != nullptr) memory.states = std::max(memory.states, resumed_state_bytes(*resumed));
  memory.workers = backend.device().empty()
                       ? processor_bytes(experiment, plan, backend, open_seeds, workers)
                       : workers * device_worker_bytes(experiment, plan, backend, networks_at_once);
  memory.values = seeds * value_bytes(plan);
  if (checkpoints) memory.checkpoint = memory.states + memory.values;
  // The workers' memory is free again by then.
  const std::uint64_t freed = memory.states + memory.workers + memory.checkpoint;
  memory.result = writing_bytes > freed ? writing_bytes - freed : 0;
  return memory;
}

void require_memory(const MemoryPlan& plan, const HostMemory& host, std::uint64_t minimum_ram) {
  if (minimum_ram > 0 && host.total <= minimum_ram) {
    throw NotEnoughMemory("not enough memory: the work unit needs a host with more than " +
                          readable_bytes(minimum_ram) + " (minimum_ram_bytes), this one has " +
                          readable_bytes(host.total));
  }
  if (host.available < plan.total()) {
    throw NotEnoughMemory("not enough free memory: the plan needs " + readable_bytes(plan.total()) +
                          ", " + readable_bytes(host.available) +
                          " are available; close other programs or use fewer --threads");
  }
}

std::string readable_bytes(std::uint64_t bytes) {
  std::array<char, 40> text{};
  const auto value = static_cast<double>(bytes);
  if (bytes >= std::uint64_t{1} << 30) {
    std::snprintf(text.data(), text.size(), "%.1f GiB", value / 0x1p30);
  } else if (bytes >= 100000) {
    std::snprintf(text.data(), text.size(), "%.1f MB", value / 1e6);
  } else {
    std::snprintf(text.data(), text.size(), "%.0f bytes", value);
  }
  return text.data();
}

}  // namespace axiom
