#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <optional>
#include <vector>

#include "client/backends/registry.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/standard_streams.h"
#include "client/commands/version.h"
#include "client/commands/work_unit_source.h"
#include "client/experiments/parameters.h"
#include "client/plan/device_error.h"
#include "client/result/canonical_json.h"
#include "client/run/work_plan.h"
#include "client/run/worker_plan.h"

namespace axiom {
namespace {

struct BackendPlan {
  std::string backend;
  WorkerPlan workers;
};

// Of one more number of threads; nothing if a device has not the memory for it, while it has for
// fewer threads.
std::optional<WorkerPlan> plan_threads(const WorkUnit& work, const SeedPlan& shape,
                                       const Backend& backend, int threads, bool fewer_fit) {
  constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();
  try {
    return plan_workers(work, shape, backend, threads, {unlimited, unlimited}, nullptr, true);
  } catch (const DeviceError& error) {
    if (!fewer_fit || error.status() != DeviceStatus::out_of_memory) throw;
    return std::nullopt;
  }
}

// The processor's can be planned for on any host; a device must be there to be asked.
std::vector<const Backend*> planned_backends(const CommandLine& line) {
  const auto known = processor_backends();
  if (line.backend == "auto") return {known.begin(), known.end()};
  const auto found = std::find_if(known.begin(), known.end(), [&](const Backend* backend) {
    return backend->name() == line.backend;
  });
  return {found == known.end() ? choose_backend(line.backend).backend : *found};
}

std::vector<BackendPlan> plan_backends(const CommandLine& line, const WorkUnit& work,
                                       const SeedPlan& shape) {
  constexpr std::array<int, 7> usual_threads = {1, 2, 4, 8, 16, 32, 64};
  std::vector<BackendPlan> plans;
  for (const Backend* backend : planned_backends(line)) {
    int planned = 0;
    for (const int threads : usual_threads) {
      const std::optional<WorkerPlan> plan = plan_threads(
          work, shape, *backend, line.threads > 0 ? line.threads : threads, planned > 0);
      if (!plan || plan->threads == planned) break;  // no more can be busy
      planned = plan->threads;
      plans.push_back({backend->name(), *plan});
    }
  }
  return plans;
}

// The largest of all: the bound holds on each backend with each of the numbers of threads.
DiskPlan largest_disk(const WorkPlan& plan, std::uint64_t seeds,
                      const std::vector<BackendPlan>& backends) {
  DiskPlan largest;
  for (const BackendPlan& entry : backends) {
    const DiskPlan disk = plan_disk(plan, seeds, entry.workers.memory);
    if (disk.total() > largest.total()) largest = disk;
  }
  return largest;
}

Json as_json(const WorkUnit& work, bool seeds_known, const WorkPlan& plan, const DiskPlan& disk,
             const std::vector<BackendPlan>& backends) {
  Json memory = Json::array();
  for (const BackendPlan& entry : backends) {
    const MemoryPlan& parts = entry.workers.memory;
    Json item = {{"backend", entry.backend},
                 {"threads", entry.workers.threads},
                 {"networks_at_once", entry.workers.networks_at_once},
                 {"bytes", parts.total()},
                 {"program_bytes", parts.program},
                 {"datasets_bytes", parts.datasets},
                 {"states_bytes", parts.states},
                 {"workers_bytes", parts.workers},
                 {"values_bytes", parts.values},
                 {"checkpoint_bytes", parts.checkpoint},
                 {"result_bytes", parts.result}};
    if (entry.workers.device.planned_bytes > 0) {
      item["device_bytes"] = entry.workers.device.planned_bytes;
    }
    memory.push_back(std::move(item));
  }
  return {{"schema", 1},
          {"client_version", client_version()},
          {"build", build_identifier()},
          {"experiment", work.experiment->name()},
          {"experiment_version", experiment_version},
          {"preset", work.parameters.preset},
          {"parameters", work.parameters.values},
          {"work_digest", seeds_known ? Json(work_digest(work)) : Json()},
          {"first_seed", seeds_known ? Json(std::to_string(work.seeds.front())) : Json()},
          {"seeds", work.seeds.size()},
          {"networks", plan.networks},
          {"training_steps", plan.training_steps},
          {"measurements", plan.measurements},
          {"training_flops", plan.training_flops},
          {"evaluation_flops", plan.evaluation_flops},
          {"parameter_bytes", plan.parameter_bytes},
          {"largest_parameter_bytes", plan.largest_parameter_bytes},
          {"minimum_ram_bytes", work.minimum_ram_bytes},
          {"memory", std::move(memory)},
          {"checkpoint_bytes", disk.checkpoint},
          {"result_bytes", disk.result},
          {"disk_bytes", disk.total()}};
}

std::string scientific(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

std::string row(std::string name, const std::string& value) {
  constexpr std::size_t column = 18;
  name.resize(std::max(name.size() + 1, column), ' ');
  return "  " + name + value + "\n";
}

std::string table(const WorkUnit& work, const WorkPlan& plan, const DiskPlan& disk,
                  const std::vector<BackendPlan>& backends) {
  const std::size_t seeds = work.seeds.size();
  std::string text =
      std::string(work.experiment->name()) + " " + std::string(experiment_version) + ", preset " +
      preset_and_changes(*work.experiment, work.parameters) + ", " + std::to_string(seeds) +
      (seeds == 1 ? " seed" : " seeds") + "\n" + row("networks", std::to_string(plan.networks)) +
      row("training steps", std::to_string(plan.training_steps)) +
      row("measurements", std::to_string(plan.measurements)) +
      row("training", scientific(plan.training_flops) + " operations") +
      row("evaluation", scientific(plan.evaluation_flops) + " operations, without metrics");
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const bool first = i == 0 || backends[i].backend != backends[i - 1].backend;
    if (first) text += "  memory, " + backends[i].backend + ":";
    text += (first ? " " : ", ") + readable_bytes(backends[i].workers.memory.total()) + " with " +
            std::to_string(backends[i].workers.threads);
    if (first) text += backends[i].workers.threads == 1 ? " thread" : " threads";
    if (i + 1 == backends.size() || backends[i].backend != backends[i + 1].backend) text += "\n";
  }
  return text +
         row("host", work.minimum_ram_bytes == 0
                         ? std::string("any")
                         : "more than " + readable_bytes(work.minimum_ram_bytes)) +
         row("checkpoint", "at most " + readable_bytes(disk.checkpoint)) +
         row("result", "at most " + readable_bytes(disk.result)) +
         row("disk", "at most " + readable_bytes(disk.total()));
}

}  // namespace

ExitCode show_plan(const CommandLine& line) {
  set_device_options(device_options(line));
  // What it takes does not depend on the seeds, so none is drawn from this host.
  bool seeds_known = true;
  const WorkUnit work = requested_work(line, [&] {
    seeds_known = false;
    return std::string(32, '0');
  });
  const SeedPlan shape = work.experiment->plan(work.parameters, work.seeds.front());
  const WorkPlan plan = plan_work(work, shape);
  const std::vector<BackendPlan> backends = plan_backends(line, work, shape);
  const DiskPlan disk = largest_disk(plan, work.seeds.size(), backends);
  print(line.json ? canonical_json(as_json(work, seeds_known, plan, disk, backends)) + "\n"
                  : table(work, plan, disk, backends));
  return ExitCode::ok;
}

}  // namespace axiom
