#include "cuda/device.h"

#include <array>
#include <cstdio>
#include <map>
#include <mutex>

#include "cuda/images.h"
#include "cuda/kernels/measure_jobs.h"
#include "cuda/kernels/team_layout.h"

namespace axiom::cuda {
namespace {

int attribute(DeviceNumber device, int which) {
  int value = 0;
  driver().check(driver().device_attribute(&value, which, device), "asking for device properties");
  return value;
}

std::string readable_uuid(const Uuid& uuid) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", static_cast<unsigned>(uuid.bytes[i]));
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex.data();
  }
  return text;
}

}  // namespace

std::string DeviceFacts::describe() const {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), " (compute capability %d.%d, %.1f GiB), driver for CUDA ",
                capability / 10, capability % 10, static_cast<double>(memory_bytes) / 0x1p30);
  return name + text.data() + readable_version(driver_version);
}

int device_count() {
  int count = 0;
  driver().check(driver().device_count(&count), "counting devices");
  return count;
}

DeviceFacts device_facts(int ordinal) {
  const int count = device_count();
  if (ordinal >= count) {
    throw DeviceError(
        DeviceStatus::no_device,
        (count == 0 ? "the NVIDIA driver finds no device"
                    : "there is no CUDA device " + std::to_string(ordinal) + " (the driver finds " +
                          std::to_string(count) + ", numbered from 0)") +
            hidden_devices());
  }
  DeviceFacts facts;
  facts.ordinal = ordinal;
  DeviceNumber device = 0;
  driver().check(driver().device_get(&device, ordinal), "finding a device");
  std::array<char, 256> name{};
  driver().check(driver().device_name(name.data(), static_cast<int>(name.size()), device),
                 "asking for a device's name");
  facts.name = name.data();
  Uuid uuid{};
  driver().check(driver().device_uuid(&uuid, device), "asking for a device's identity");
  facts.uuid = readable_uuid(uuid);
  facts.capability = 10 * attribute(device, attribute_major) + attribute(device, attribute_minor);
  facts.multiprocessors = attribute(device, attribute_multiprocessors);
  facts.clock_khz = attribute(device, attribute_clock_khz);
  facts.shared_bytes = static_cast<std::size_t>(attribute(device, attribute_shared_bytes_optin));
  facts.cache_bytes = static_cast<std::size_t>(attribute(device, attribute_l2_cache_bytes));
  facts.prohibited = attribute(device, attribute_compute_mode) == compute_prohibited;
  facts.cooperative = attribute(device, attribute_cooperative_launch) != 0;
  driver().check(driver().device_total_memory(&facts.memory_bytes, device),
                 "asking for a device's memory");
  facts.driver_version = driver().version;
  return facts;
}

void require_usable(const DeviceFacts& facts) {
  // Opening it would say no more than "unknown error".
  if (facts.prohibited) {
    throw DeviceError(DeviceStatus::no_device, "the compute mode of " + facts.name +
                                                   " is 'prohibited': nvidia-smi -i " + facts.uuid +
                                                   " -c DEFAULT");
  }
  choose_image(images(), "block_kernel", facts.capability, facts.driver_version);
}

Device::Device(int ordinal) : facts_(device_facts(ordinal)) {
  require_usable(facts_);  // asked first: it costs no context
  driver().check(driver().device_get(&number_, ordinal), "finding a device");
  // The thread that waits for the device sleeps instead of polling. Refused where another part of
  // the process uses the context already, which is then good enough.
  driver().context_set_flags(number_, schedule_blocking_sync);
  driver().check(driver().context_retain(&context_, number_), "opening the device");
  try {
    use();
    load_kernels();
  } catch (...) {
    driver().context_release(number_);
    throw;
  }
}

Device::~Device() {
  driver().module_unload(block_module_);
  driver().module_unload(team_module_);
  driver().module_unload(measure_module_);
  driver().context_release(number_);
}

void Device::use() const {
  driver().check(driver().context_set_current(context_), "using the device");
}

std::size_t Device::free_bytes() const {
  std::size_t free = 0;
  std::size_t total = 0;
  driver().check(driver().memory_info(&free, &total), "asking for free device memory");
  return free;
}

void Device::load_kernels() {
  const auto load = [&](const char* source, ModuleHandle& module) {
    const Image& image = choose_image(images(), source, facts_.capability, facts_.driver_version);
    driver().check(driver().module_load(&module, unpacked(image).c_str()), "loading the kernels");
  };
  load("block_kernel", block_module_);
  load("team_kernel", team_module_);
  load("measure_kernel", measure_module_);
  train_block_ = find(block_module_, "axiom_train_block", facts_.shared_bytes);
  fma_peak_ = find(block_module_, "axiom_fma_peak", 0);
  team_ = find(team_module_, "axiom_team", team_shared_bytes);
  constexpr auto measure_shared = static_cast<std::size_t>(measure_shared_bytes(largest_order));
  spectrum_ = find(measure_module_, "axiom_spectrum", measure_shared);
  eigenvalues_ = find(measure_module_, "axiom_eigenvalues", 0);
  kernels_ = find(measure_module_, "axiom_kernels", measure_shared);
  linear_probes_ = find(measure_module_, "axiom_linear_probes", measure_shared);
  correlations_ = find(measure_module_, "axiom_correlations", measure_shared);
  scores_ = find(measure_module_, "axiom_scores", measure_shared);
  sums_ = find(measure_module_, "axiom_sums", 0);
  inner_products_ = find(measure_module_, "axiom_inner_products", 0);
}

Kernel Device::find(ModuleHandle module, const char* name, std::size_t shared_bytes) const {
  Kernel kernel{nullptr, name};
  driver().check(driver().module_function(&kernel.function, module, name),
                 std::string("finding kernel ") + name);
  driver().check(driver().function_set_attribute(kernel.function, function_max_dynamic_shared_bytes,
                                                 static_cast<int>(shared_bytes)),
                 "asking for shared memory");
  // As much of a multiprocessor's memory as can be, for all alike: launches that want it divided in
  // different ways may wait for each other. A hint, which older devices may not know.
  driver().function_set_attribute(kernel.function, function_preferred_carveout,
                                  carveout_max_shared);
  return kernel;
}

int Device::resident_blocks(const Kernel& kernel, int threads, std::size_t shared_bytes) const {
  const std::lock_guard lock(mutex_);
  int& blocks = occupancies_[{kernel.function, threads, shared_bytes}];
  if (blocks == 0) {
    driver().check(driver().occupancy(&blocks, kernel.function, threads, shared_bytes),
                   "asking for the occupancy of " + kernel.name);
  }
  if (blocks < 1) {
    throw DeviceError(DeviceStatus::unsupported,
                      "the kernel " + kernel.name + " with " + std::to_string(threads) +
                          " threads and " + std::to_string(shared_bytes) +
                          " bytes of shared memory does not fit on a multiprocessor of " +
                          facts_.name);
  }
  return blocks * facts_.multiprocessors;
}

std::shared_ptr<const Device> shared_device(int ordinal) {
  static std::mutex mutex;
  // Kept open, since the self-test, the plan and the work all use it, and never closed: at the end
  // of the process the driver may be gone before this is.
  static auto& devices = *new std::map<int, std::shared_ptr<const Device>>;
  const std::lock_guard lock(mutex);
  std::shared_ptr<const Device>& device = devices[ordinal];
  if (device == nullptr) device = std::make_shared<const Device>(ordinal);
  return device;
}

}  // namespace axiom::cuda
