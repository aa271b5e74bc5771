#include "client/backends/registry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "client/plan/device_error.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/reference/reference_backend.h"
#include "cuda/cuda_backend.h"
#include "cuda/images.h"

namespace axiom {
namespace {

std::string known_names() {
  std::string names = "auto, cuda, cuda:N";
  for (const Backend* backend : processor_backends()) names += ", " + backend->name();
  return names;
}

std::vector<Exclusion>& excluded() {
  static std::vector<Exclusion> list;
  return list;
}

std::string excluded_because(const Backend& backend, std::span<const Exclusion> exclusions) {
  if (exclusions.empty()) return {};
  const std::string device = backend.device_identity();
  for (const Exclusion& exclusion : exclusions) {
    if (exclusion.device != device) continue;
    // A device may have got another number since.
    if (!device.empty() || exclusion.backend == backend.name()) return exclusion.reason;
  }
  return {};
}

std::string why_not_used(const Backend& backend, std::span<const Exclusion> exclusions) try {
  const std::string why_not = backend.unavailable_reason();
  return why_not.empty() ? excluded_because(backend, exclusions) : why_not;
} catch (const DeviceError& error) {
  return error.what();  // the device went between two questions
}

bool is_among(std::span<const Backend* const> list, const Backend& backend) {
  return std::find(list.begin(), list.end(), &backend) != list.end();
}

BackendChoice first_of(std::span<const Backend* const> list,
                       std::span<const Exclusion> exclusions) {
  std::string passed_over;
  for (const Backend* backend : list) {
    const std::string why_not = why_not_used(*backend, exclusions);
    if (why_not.empty())
      return {backend, "the first in order that this host can run" + passed_over};
    passed_over += "; not " + backend->name() + ": " + why_not;
  }
  throw BackendError("no backend can be used on this host" + passed_over);
}

/// N of "cuda:N", 0 of "cuda".
std::optional<int> device_number(std::string_view name) {
  if (name == "cuda") return 0;
  if (!name.starts_with("cuda:")) return std::nullopt;
  const std::string_view digits = name.substr(5);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.starts_with('-')) {
    throw BackendError("backend \"" + std::string(name) + "\": expected cuda:N, N from 0");
  }
  return number;
}

// `advice` ends the message of a device that cannot be used.
const Backend& device_backend(int number, const std::string& advice) try {
  require_cuda_device(number);
  return cuda_backend(number, *choose_processor_backend().backend);
} catch (const DeviceError& error) {
  throw DeviceError(error.status(), error.what() + advice);
}

}  // namespace

std::span<const Backend* const> processor_backends() {
  static const std::array<const Backend*, 3> all = {&avx512_backend(), &avx2_backend(),
                                                    &reference_backend()};
  return all;
}

bool is_processor(const Backend& backend) { return is_among(processor_backends(), backend); }

std::span<const Backend* const> backends() {
  static const std::vector<const Backend*> all = [] {
    std::vector<const Backend*> list = cuda_backends(*choose_processor_backend().backend);
    for (const Backend* backend : processor_backends()) list.push_back(backend);
    return list;
  }();
  return all;
}

BackendChoice choose_automatically(std::span<const Backend* const> list,
                                   const BackendPreference& preference,
                                   std::span<const Exclusion> exclusions) {
  for (const Backend* backend : list) {
    if (backend->name() != preference.name) continue;
    if (why_not_used(*backend, exclusions).empty()) return {backend, preference.reason};
  }
  BackendChoice choice = first_of(list, exclusions);
  if (!preference.name.empty()) {
    choice.reason += "; " + preference.name + ", " + preference.reason + ", is not available now";
  } else if (!preference.reason.empty()) {
    choice.reason += "; " + preference.reason;
  }
  return choice;
}

void exclude_backends(std::vector<Exclusion> exclusions) { excluded() = std::move(exclusions); }

std::string exclusion_reason(const Backend& backend) {
  return excluded_because(backend, excluded());
}

std::string exclusion_reason_of_device(std::string_view uuid) {
  for (const Exclusion& exclusion : excluded()) {
    if (exclusion.device.find(", " + std::string(uuid) + ", ") != std::string::npos) {
      return exclusion.reason;
    }
  }
  return {};
}

BackendChoice choose_processor_backend() { return first_of(processor_backends(), excluded()); }

BackendChoice choose_backend_after(std::span<const Backend* const> failed) {
  std::vector<const Backend*> others;
  for (const Backend* backend : backends()) {
    if (!is_among(failed, *backend)) others.push_back(backend);
  }
  return first_of(others, excluded());
}

BackendChoice choose_backend(std::string_view name, const BackendPreference& preference) {
  if (name == "auto") return choose_automatically(backends(), preference, excluded());
  const std::string asked = "asked for with --backend";
  if (const std::optional<int> number = device_number(name)) {
    return {&device_backend(*number, " (--backend auto takes what can)"), asked};
  }
  for (const Backend* backend : processor_backends()) {
    if (backend->name() != name) continue;
    const std::string why_not = backend->unavailable_reason();
    if (why_not.empty()) return {backend, asked};
    throw BackendError("backend " + backend->name() + " cannot run on this host: " + why_not +
                       " (--backend auto takes what can)");
  }
  throw BackendError("unknown backend \"" + std::string(name) + "\" (known: " + known_names() +
                     ")");
}

BackendChoice choose_assigned_device(std::string_view name) {
  const std::optional<int> number = device_number(name);
  if (!number) return choose_backend(name);
  return {
      &device_backend(*number, "; look after the driver, or take no GPU work from this project"),
      "the device that the BOINC client has assigned"};
}

std::vector<DeviceKernels> device_kernels() {
  std::vector<DeviceKernels> kernels;
  // All sources are compiled for the same devices.
  for (const cuda::Image& image : cuda::images()) {
    if (std::string_view(image.kernel) != cuda::images().front().kernel) continue;
    kernels.push_back({image.capability, image.portable, image.driver_version});
  }
  return kernels;
}

void set_device_options(const DeviceOptions& options) {
  const double launch_seconds = options.desktop ? desktop_launch_seconds : default_launch_seconds;
  set_cuda_options({launch_seconds, options.replay_share, options.memory_limit});
}

}  // namespace axiom
