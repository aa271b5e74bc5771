#include <set>
#include <string>
#include <vector>

#include "client/backends/processor_name.h"
#include "client/backends/registry.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/errors.h"
#include "client/commands/standard_streams.h"
#include "client/plan/device_error.h"
#include "client/result/canonical_json.h"
#include "client/run/memory_plan.h"
#include "client/system/memory.h"
#include "client/system/process.h"

namespace axiom {
namespace {

nlohmann::json describe(const std::vector<DeviceKernels>& kernels) {
  nlohmann::json list = nlohmann::json::array();
  for (const DeviceKernels& entry : kernels) {
    list.push_back({{"capability", entry.capability},
                    {"portable", entry.portable},
                    {"cuda_version", entry.driver_version}});
  }
  return list;
}

std::string listing(const std::vector<DeviceKernels>& kernels) {
  if (kernels.empty()) return "none: built without a CUDA compiler";
  std::set<int> capabilities;
  bool newer = false;
  for (const DeviceKernels& entry : kernels) {
    capabilities.insert(entry.capability);
    newer = newer || entry.portable;
  }
  std::string text = "for compute capability";
  for (const int capability : capabilities) {
    text += " " + std::to_string(capability / 10) + "." + std::to_string(capability % 10);
  }
  return text + (newer ? " and newer" : "");
}

struct Facts {
  std::string why_not;   // empty: it can run here; the others are empty else
  std::string device;    // empty: a processor
  std::string excluded;  // why it is not to be used
};
Facts facts_of(const Backend& backend) try {
  Facts facts{backend.unavailable_reason(), {}, {}};
  if (!facts.why_not.empty()) return facts;
  facts.device = backend.device();
  facts.excluded = exclusion_reason(backend);
  return facts;
} catch (const DeviceError& error) {
  return {error.what(), {}, {}};  // the device went between two questions
}

nlohmann::json describe(const HostMemory& memory, const BackendChoice& choice) {
  nlohmann::json list = nlohmann::json::array();
  for (const Backend* backend : backends()) {
    const Facts facts = facts_of(*backend);
    nlohmann::json entry = {{"name", backend->name()}, {"available", facts.why_not.empty()}};
    if (!facts.why_not.empty()) entry["reason"] = facts.why_not;
    if (!facts.device.empty()) entry["device"] = facts.device;
    if (!facts.excluded.empty()) entry["excluded"] = facts.excluded;
    list.push_back(std::move(entry));
  }
  return {{"processor", processor_name()},        {"processors", usable_processors()},
          {"memory_bytes", memory.total},         {"available_bytes", memory.available},
          {"backend", choice.backend->name()},    {"backends", std::move(list)},
          {"kernels", describe(device_kernels())}};
}

std::string listing(const HostMemory& memory, const BackendChoice& choice) {
  std::string text = "processor  " + processor_name() + ", " + std::to_string(usable_processors()) +
                     " usable\n" + "memory     " + readable_bytes(memory.total) + ", " +
                     readable_bytes(memory.available) + " available\n" + "kernels    " +
                     listing(device_kernels()) + "\n";
  for (const Backend* backend : backends()) {
    const Facts facts = facts_of(*backend);
    const std::string padding(backend->name().size() < 11 ? 11 - backend->name().size() : 1, ' ');
    text += backend->name() + padding +
            (facts.why_not.empty() ? "available" : "no: " + one_line(facts.why_not)) +
            (facts.excluded.empty() ? "" : ", not to be used: " + facts.excluded) +
            (backend == choice.backend ? ", chosen" : "") +
            (facts.device.empty() ? "" : ": " + facts.device) + "\n";
  }
  return text;
}

}  // namespace

ExitCode show_devices(const CommandLine& line) {
  const HostMemory memory = host_memory();
  const BackendChoice choice = requested_backend(line);
  print(line.json ? canonical_json(describe(memory, choice)) + "\n" : listing(memory, choice));
  return ExitCode::ok;
}

}  // namespace axiom
