// All backends, and the choice among them.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "client/plan/backend.h"
#include "client/plan/device_defaults.h"

namespace axiom {

/// A backend that is not known, or that this host cannot run; one line: which, why, what is there.
class BackendError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Devices first, then the processor's, the fastest first.
std::span<const Backend* const> backends();
/// Those that compute on the processor.
std::span<const Backend* const> processor_backends();
bool is_processor(const Backend& backend);

struct BackendChoice {
  const Backend* backend = nullptr;
  std::string reason;  ///< for the log
};

/// What measurements say about "auto".
struct BackendPreference {
  std::string name;    ///< of the backend to take; empty: no preference
  std::string reason;  ///< for the log, also if there is no preference
};

/// A backend that is not to be used, although the host can run it.
struct Exclusion {
  std::string backend;
  std::string device;  ///< its device_identity(): another device or driver is not meant
  std::string reason;  ///< for the log
};

/// The preferred backend of a list if this host can run it, else the first that it can run, without
/// those excluded; a function of its arguments. BackendError: none is left.
BackendChoice choose_automatically(std::span<const Backend* const> list,
                                   const BackendPreference& preference = {},
                                   std::span<const Exclusion> exclusions = {});

/// What is excluded from now on: from "auto", and from the processor's share of a device's work.
/// REQUIRES: nothing has been chosen yet, and backends() not been called.
void exclude_backends(std::vector<Exclusion> exclusions);
/// Why it is excluded; empty if it is not. REQUIRES: as Backend::device_identity().
std::string exclusion_reason(const Backend& backend);

/// `name` is "auto" (choose_automatically() among backends()) or a backend's name; "cuda" is
/// "cuda:0". Never falls back from a name to another backend: BackendError, or DeviceError for a
/// device.
BackendChoice choose_backend(std::string_view name, const BackendPreference& preference = {});
/// What a BOINC client has assigned, by its name: as choose_backend(), but for the advice.
BackendChoice choose_assigned_device(std::string_view name);
/// Likewise, of a device of that Backend::device_uuid(), whatever its driver.
std::string exclusion_reason_of_device(std::string_view uuid);
/// The first of processor_backends() that can be used. BackendError: there is none.
BackendChoice choose_processor_backend();
/// The first of backends() that can be used and has not failed. BackendError: there is none.
BackendChoice choose_backend_after(std::span<const Backend* const> failed);

/// What this build holds for devices.
struct DeviceKernels {
  int capability;      ///< compute capability, 10 · major + minor: 86 for 8.6
  bool portable;       ///< code that the driver compiles: also for every later one
  int driver_version;  ///< of CUDA, the oldest that loads it: 13000 for 13.0
};
std::vector<DeviceKernels> device_kernels();

/// How devices are used; set before work begins.
struct DeviceOptions {
  bool desktop = false;                        ///< short launches, so that the desktop stays smooth
  double replay_share = default_replay_share;  ///< of the work of a device, done twice and compared
  std::uint64_t memory_limit =
      0;  ///< bytes of device memory that may be used; 0 = most of the free
};
void set_device_options(const DeviceOptions& options);

}  // namespace axiom
