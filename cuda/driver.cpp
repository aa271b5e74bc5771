#include "cuda/driver.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
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

/// What is known of an error: most mean that a device was lost.
struct Meaning {
  Result result;
  DeviceStatus status;
  const char* advice;
};
constexpr std::array meanings = {
    Meaning{out_of_memory, DeviceStatus::out_of_memory, "close other programs that use the device"},
    Meaning{stub_library, DeviceStatus::no_driver,
            "libcuda.so.1 is the toolkit's stand-in for linking: take the folder 'stubs' out of "
            "LD_LIBRARY_PATH"},
    Meaning{device_unavailable, DeviceStatus::no_device,
            "another program has the device for itself (nvidia-smi -q -d COMPUTE): end it, or "
            "nvidia-smi -c DEFAULT"},
    Meaning{device_not_licensed, DeviceStatus::no_device, "the virtual device has no licence"},
    Meaning{invalid_image, DeviceStatus::unsupported,
            "the driver does not know the kernels' format: install a newer one"},
    Meaning{no_binary_for_gpu, DeviceStatus::unsupported,
            "the driver does not take the kernels for this device: install a newer one"},
    Meaning{uncorrectable_memory, DeviceStatus::lost,
            "the device's memory fails (nvidia-smi -q -d ECC): restart the computer; if it comes "
            "back, replace the device"},
    Meaning{invalid_ptx, DeviceStatus::unsupported,
            "the driver's compiler does not take the kernels: install a newer driver"},
    Meaning{compiler_not_found, DeviceStatus::unsupported,
            "the driver's compiler is missing (libnvidia-ptxjitcompiler.so.1): install all of the "
            "driver"},
    Meaning{unsupported_ptx_version, DeviceStatus::driver_too_old,
            "the driver is too old for the kernels: install a newer one"},
    Meaning{compilation_disabled, DeviceStatus::unsupported,
            "the environment forbids the driver to compile: unset CUDA_DISABLE_PTX_JIT"},
    Meaning{launch_timeout, DeviceStatus::lost,
            "the driver ends what keeps a display waiting for long: take --desktop, or another "
            "device"},
    Meaning{system_not_ready, DeviceStatus::no_driver,
            "the computer's devices are not set up: start nvidia-fabricmanager, or wait for it"},
    Meaning{driver_mismatch, DeviceStatus::no_driver,
            "the driver was updated: restart the computer"},
    Meaning{compatibility_not_supported, DeviceStatus::no_driver,
            "libcuda.so.1 is from a 'compat' folder, which this device does not take: take it out "
            "of LD_LIBRARY_PATH"},
};

const Meaning* meaning_of(Result result) {
  const auto found = std::find_if(meanings.begin(), meanings.end(),
                                  [&](const Meaning& m) { return m.result == result; });
  return found == meanings.end() ? nullptr : &*found;
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
    const Meaning* const meaning = meaning_of(started);
    throw DeviceError(DeviceStatus::no_driver,
                      "the NVIDIA driver does not start: " + driver.describe(started) + "; " +
                          (meaning != nullptr ? meaning->advice
                                              : "restart the computer; see that this user, or the "
                                                "container, may open /dev/nvidia*"));
  }
  driver.check(driver.driver_version(&driver.version), "asking for the driver's version");
  return driver;
}

}  // namespace

std::string Driver::describe(Result result) const {
  const char* name = nullptr;
  const char* description = nullptr;
  if (error_name(result, &name) != success) name = nullptr;
  if (error_string(result, &description) != success) description = nullptr;
  return (name ? name : "error " + std::to_string(result)) +
         (description ? std::string(" (") + description + ")" : "");
}

void Driver::check(Result result, const std::string& what) const {
  if (result == success) return;
  const std::string error = what + " failed: " + describe(result) + "; ";
  if (const Meaning* const meaning = meaning_of(result)) {
    throw DeviceError(meaning->status, error + meaning->advice);
  }
  throw DeviceError(DeviceStatus::lost, error + "the device or its driver failed");
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
