#include "cuda/driver.h"

#include <dlfcn.h>

#include <cstdlib>

namespace axiom::cuda {
namespace {

constexpr const char* library_name = "libcuda.so.1";

template <class Function>
void find(void* library, const char* symbol, Function& function) {
  // POSIX makes an object pointer from dlsym() a function pointer.
  function = reinterpret_cast<Function>(dlsym(library, symbol));
  if (function == nullptr) {
    throw DeviceError(
        DeviceStatus::driver_too_old,
        std::string("the NVIDIA driver is too old: it lacks ") + symbol + "; install a newer one");
  }
}

void* open_library() {
  void* const library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);  // stays loaded
  if (library != nullptr) return library;
  const char* const told = dlerror();
  const std::string reason = told != nullptr ? told : "no reason given";
  // The loader's words where no folder has it; a file beside it that is missing is another matter.
  if (reason ==
      std::string(library_name) + ": cannot open shared object file: No such file or directory") {
    throw DeviceError(DeviceStatus::no_driver,
                      std::string("no NVIDIA driver (") + library_name + " is not there)");
  }
  throw DeviceError(DeviceStatus::no_driver,
                    "the NVIDIA driver cannot be loaded (" + reason + "): install it again");
}

Driver load() {
  void* const library = open_library();
  Driver driver;
#define AXIOM_CUDA_FIND(member, symbol, parameters) find(library, #symbol, driver.member);
  AXIOM_CUDA_FUNCTIONS(AXIOM_CUDA_FIND)
#undef AXIOM_CUDA_FIND
  const Result started = driver.init(0);
  if (started == no_device) {
    throw DeviceError(DeviceStatus::no_device,
                      "the NVIDIA driver finds no device" + hidden_devices());
  }
  if (started != success) {
    const char* name = nullptr;
    driver.error_name(started, &name);
    throw DeviceError(DeviceStatus::no_driver,
                      std::string("the NVIDIA driver does not start: ") +
                          (name ? name : std::to_string(started)) +
                          "; after an update of the driver, restart the computer");
  }
  driver.check(driver.driver_version(&driver.version), "asking for the driver's version");
  return driver;
}

}  // namespace

void Driver::check(Result result, const std::string& what) const {
  if (result == success) return;
  const char* name = nullptr;
  const char* description = nullptr;
  if (error_name(result, &name) != success) name = nullptr;
  if (error_string(result, &description) != success) description = nullptr;
  const std::string error = what + " failed: " + (name ? name : "error " + std::to_string(result)) +
                            (description ? std::string(" (") + description + ")" : "");
  if (result == out_of_memory) {
    throw DeviceError(DeviceStatus::out_of_memory,
                      error + "; close other programs that use the device");
  }
  throw DeviceError(DeviceStatus::lost, error + "; the device or its driver failed");
}

std::string hidden_devices() {
  const char* const shown = std::getenv("CUDA_VISIBLE_DEVICES");
  if (shown == nullptr) return {};
  return "; CUDA_VISIBLE_DEVICES is '" + std::string(shown) + "', which hides others: unset it";
}

const Driver& driver() {
  static const Driver loaded = load();  // tried again next time if it throws
  return loaded;
}

std::string readable_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace axiom::cuda
