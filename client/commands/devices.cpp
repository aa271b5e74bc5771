#include <set>
#include <string>
#include <vector>

#include "client/backends/processor_name.h"
#include "client/backends/registry.h"
#include "client/commands/backend_choice.h"
#include "client/commands/commands.h"
#include "client/commands/standard_streams.h"
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

nlohmann::json describe(const HostMemory& memory, const BackendChoice& choice) {
  nlohmann::json list = nlohmann::json::array();
  for (const Backend* backend : backends()) {
    const std::string why_not = backend->unavailable_reason();
    nlohmann::json entry = {{"name", backend->name()}, {"available", why_not.empty()}};
    if (!why_not.empty()) {
      entry["reason"] = why_not;
    } else {
      if (const std::string device = backend->device(); !device.empty()) entry["device"] = device;
      if (const std::string broken = exclusion_reason(*backend); !broken.empty()) {
        entry["excluded"] = broken;
      }
    }
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
    const std::string why_not = backend->unavailable_reason();
    const std::string padding(backend->name().size() < 11 ? 11 - backend->name().size() : 1, ' ');
    const std::string device = why_not.empty() ? backend->device() : "";
    const std::string excluded = why_not.empty() ? exclusion_reason(*backend) : "";
    text += backend->name() + padding + (why_not.empty() ? "available" : "no: " + why_not) +
            (excluded.empty() ? "" : ", not to be used: " + excluded) +
            (backend == choice.backend ? ", chosen" : "") + (device.empty() ? "" : ": " + device) +
            "\n";
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
