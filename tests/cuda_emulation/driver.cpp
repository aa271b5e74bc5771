// A CUDA driver for tests: libcuda.so.1 with the functions that the product uses, on top of the
// emulator. Found through LD_LIBRARY_PATH, so that the product is tested as it is.
//
// Environment: AXIOM_EMULATED_DEVICES (number, default 1), AXIOM_EMULATED_MEMORY (bytes of each),
// AXIOM_EMULATED_DRIVER (version, default 13000), AXIOM_EMULATED_CAPABILITY (default 90),
// AXIOM_EMULATED_SHUFFLE (seed of the order of threads and blocks), AXIOM_EMULATED_SHARED (bytes of
// shared memory a block may have), AXIOM_EMULATED_FAULT ("ACTION:N": at the N-th launch, see
// Fault), AXIOM_EMULATED_LOST (launch at which the device is lost, beside any other fault),
// AXIOM_EMULATED_VANISHES (from the N-th count of devices on the driver only gives errors),
// AXIOM_EMULATED_TRACE (launches and copies within the device are listed on standard
// error), AXIOM_EMULATED_INSTANT (the first launch that computes nothing, see instant.h).
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <random>

#include "cuda/driver_api.h"
#include "cuda/kernels/jobs.h"
#include "cuda/kernels/measure_jobs.h"
#include "tests/cuda_emulation/driver.h"
#include "tests/cuda_emulation/emulator.h"
#include "tests/cuda_emulation/fault.h"
#include "tests/cuda_emulation/instant.h"
#include "tests/cuda_emulation/kernel_table.h"
#include "tests/cuda_emulation/module_image.h"
#include "tests/cuda_emulation/settings.h"

namespace {

using namespace axiom::cuda;

constexpr Result invalid_value = 1;
constexpr Result invalid_image = 200;
constexpr Result not_found = 500;
constexpr Result launch_failed = 719;
constexpr std::size_t guard = 256;  // bytes before and after every block of memory
constexpr unsigned char guard_byte = 0xA5;
constexpr std::size_t large = 1 << 17;  // bytes that an instant device need not really hold

struct State {
  std::mutex mutex;
  std::map<DevicePointer, std::size_t> blocks;
  std::map<void*, std::size_t> pinned;
  std::size_t used = 0;
  long launches = 0;
  bool lost = false;
  bool spoiled = false;
  std::uint64_t order = 0;
};
State state;
thread_local ContextHandle current_context = nullptr;

void flip_a_bit(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto block = state.blocks.begin();
  std::advance(block, static_cast<long>(random() % state.blocks.size()));
  auto* bytes = reinterpret_cast<unsigned char*>(block->first);
  bytes[random() % block->second] ^= static_cast<unsigned char>(1u << (random() % 8));
}

bool guards_intact(DevicePointer pointer, std::size_t bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(pointer);
  const auto intact = [](unsigned char byte) { return byte == guard_byte; };
  return std::all_of(p - guard, p, intact) && std::all_of(p + bytes, p + bytes + guard, intact);
}

/// A real driver refuses, and what frees memory has nobody to tell: it would leak.
void require_context(const char* what) {
  if (current_context != nullptr) return;
  std::fprintf(stderr, "emulated device: %s by a thread that uses no device\n", what);
  std::abort();
}

/// Copies must lie within one block of memory.
bool inside(DevicePointer pointer, std::size_t bytes) {
  auto block = state.blocks.upper_bound(pointer);
  if (block == state.blocks.begin()) return false;
  --block;
  return pointer + bytes <= block->first + block->second;
}

/// Such memory of the host is read and written by the device itself.
bool is_pinned(const void* from) {
  auto block = state.pinned.upper_bound(const_cast<void*>(from));
  if (block == state.pinned.begin()) return false;
  --block;
  return from < static_cast<const char*>(block->first) + block->second;
}

bool trains(FunctionHandle function, void** parameters) {
  const auto* entry = reinterpret_cast<const Entry*>(function);
  return entry == &kernels().at("axiom_train_block") ||
         (entry == &kernels().at("axiom_team") && parameter<std::uint32_t>(parameters, 6) == 0);
}

Result launch_kernel(FunctionHandle function, unsigned blocks, unsigned threads, unsigned shared,
                     void** parameters, bool all_at_once) {
  const std::lock_guard lock(state.mutex);
  if (state.lost) return launch_failed;
  const Fault planned = planned_fault();
  ++state.launches;
  if (std::getenv("AXIOM_EMULATED_TRACE") != nullptr) {
    std::fprintf(stderr, "emulated device: launch %ld\n", state.launches);
  }
  const long lost_at = setting("AXIOM_EMULATED_LOST", std::numeric_limits<long>::max());
  if ((planned.action == "lose" && state.launches >= planned.at) || state.launches >= lost_at) {
    state.lost = true;
    return launch_failed;
  }
  while (planned.action == "hang" && state.launches >= planned.at) ::pause();
  if (shared > static_cast<unsigned long>(setting("AXIOM_EMULATED_SHARED", 99 << 10))) {
    return invalid_value;
  }
  const auto& entry = *reinterpret_cast<const Entry*>(function);
  if (is_instant(state.launches)) {
    finish_at_once(entry, parameters);
    return success;
  }
  const auto shuffle = static_cast<std::uint64_t>(setting("AXIOM_EMULATED_SHUFFLE", 0));
  emulation::Launch launch;
  launch.blocks = static_cast<int>(blocks);
  launch.threads = static_cast<int>(threads);
  launch.shared_bytes = shared;
  launch.all_at_once = all_at_once;
  launch.shuffle = shuffle == 0 ? 0 : shuffle + ++state.order;
  if (device_observer != nullptr) device_observer->launched(launch.blocks, launch.threads, shared);
  try {
    emulation::run(launch, [&] { entry(parameters); });
  } catch (const emulation::EmulationError& error) {
    std::fprintf(stderr, "emulated device: %s\n", error.what());
    std::abort();
  }
  for (const auto& [pointer, bytes] : state.blocks) {
    if (!guards_intact(pointer, bytes)) {
      std::fputs("emulated device: a kernel wrote outside its memory\n", stderr);
      std::abort();
    }
  }
  const bool again = planned.action == "flips" && state.launches >= planned.at;
  if (again || (planned.action == "flip" && state.launches == planned.at)) {
    flip_a_bit(planned.seed + static_cast<std::uint64_t>(state.launches));
  }
  if (planned.action == "skew" && state.launches >= planned.at && trains(function, parameters)) {
    const auto* jobs = parameter<const TrainingJob*>(parameters, 0);
    for (std::uint32_t j = 0; j < parameter<std::uint32_t>(parameters, 1); ++j) {
      *reinterpret_cast<std::uint32_t*>(jobs[j].parameters.value) ^= 1;
    }
  }
  const bool spoils = planned.action == "spoils" || (planned.action == "spoil" && !state.spoiled);
  if (spoils && state.launches >= planned.at && &entry == &kernels().at("axiom_spectrum")) {
    const auto& job = *parameter<const SpectrumJob*>(parameters, 0);
    *job.diagonal.get() = std::numeric_limits<double>::quiet_NaN();
    state.spoiled = true;
  }
  return success;
}

}  // namespace

DeviceObserver* axiom::cuda::device_observer = nullptr;

extern "C" {

Result cuDevicePrimaryCtxSetFlags_v2(DeviceNumber, unsigned) { return success; }
Result cuDevicePrimaryCtxRetain(ContextHandle* context, DeviceNumber device) {
  *context = reinterpret_cast<ContextHandle>(static_cast<std::uintptr_t>(device) + 1);
  return success;
}
Result cuDevicePrimaryCtxRelease_v2(DeviceNumber) { return success; }
Result cuCtxSetCurrent(ContextHandle context) {
  current_context = context;
  return state.lost ? launch_failed : success;
}

Result cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  const std::lock_guard lock(state.mutex);
  *total = device_memory();
  *free = *total - state.used;
  return success;
}

// The images are a real compiler's, or stand in for them (stand_in_images.cpp). They must be for
// this device and have the kernels that are asked for; what is run is this library's own.
Result cuModuleLoadData(ModuleHandle* module, const void* image) {
  const auto read = emulation::read_image(image);
  if (!read) return invalid_image;
  if (!read->runs_on(capability())) return no_binary_for_gpu;
  const bool known =
      device_observer == nullptr || device_observer->accepts(static_cast<const char*>(image));
  if (!known) return invalid_image;
  *module = reinterpret_cast<ModuleHandle>(new emulation::ModuleImage(*read));
  return success;
}
Result cuModuleUnload(ModuleHandle module) {
  delete reinterpret_cast<emulation::ModuleImage*>(module);
  return success;
}
Result cuModuleGetFunction(FunctionHandle* function, ModuleHandle module, const char* name) {
  const auto found = kernels().find(name);
  const auto& names = reinterpret_cast<const emulation::ModuleImage*>(module)->kernels;
  if (found == kernels().end() || !names.contains(name)) return not_found;
  *function = reinterpret_cast<FunctionHandle>(const_cast<Entry*>(&found->second));
  return success;
}
Result cuFuncSetAttribute(FunctionHandle, int, int) { return success; }
Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, FunctionHandle, int threads,
                                                   std::size_t shared_bytes) {
  const std::size_t by_memory = (std::size_t{100} << 10) / (shared_bytes + 1);
  const int by_threads = 2048 / threads;
  *blocks = std::clamp(static_cast<int>(by_memory), 1, by_threads);
  return success;
}

Result cuMemAlloc_v2(DevicePointer* pointer, std::size_t bytes) {
  const std::lock_guard lock(state.mutex);
  if (state.lost) return launch_failed;
  if (bytes == 0) return invalid_value;
  if (state.used + bytes > device_memory()) return out_of_memory;
  auto* memory =
      static_cast<unsigned char*>(std::aligned_alloc(256, (bytes + 2 * guard + 255) / 256 * 256));
  // As floats: no number that goes unnoticed.
  const std::size_t filled = has_instant_launches() ? 0 : bytes;
  std::memset(memory, guard_byte, guard + filled);
  std::memset(memory + guard + bytes, guard_byte, guard);
  *pointer = reinterpret_cast<DevicePointer>(memory + guard);
  state.blocks[*pointer] = bytes;
  state.used += bytes;
  if (device_observer != nullptr) device_observer->allocated(*pointer, bytes);
  return success;
}

Result cuMemFree_v2(DevicePointer pointer) {
  require_context("device memory is given back");
  const std::lock_guard lock(state.mutex);
  const auto found = state.blocks.find(pointer);
  if (found == state.blocks.end()) return invalid_value;
  if (device_observer != nullptr) device_observer->freed(pointer);
  state.used -= found->second;
  state.blocks.erase(found);
  std::free(reinterpret_cast<unsigned char*>(pointer) - guard);
  return success;
}

Result cuMemHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  if (state.lost) return launch_failed;
  *pointer = std::malloc(bytes);
  if (*pointer == nullptr) return out_of_memory;
  if (has_instant_launches()) fill_with_numbers(*pointer, bytes);
  const std::lock_guard lock(state.mutex);
  state.pinned[*pointer] = bytes;
  return success;
}

Result cuMemFreeHost(void* pointer) {
  require_context("pinned memory is given back");
  const std::lock_guard lock(state.mutex);
  if (state.pinned.erase(pointer) == 0) return invalid_value;
  std::free(pointer);
  return success;
}

Result cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, std::size_t bytes, StreamHandle) {
  const std::lock_guard lock(state.mutex);
  if (state.lost) return launch_failed;
  if (!inside(to, bytes)) return invalid_value;
  if (is_instant(state.launches + 1)) {
    if (is_pinned(from)) return success;
    if (bytes >= large) {
      copy_to_staging(from, bytes);
      return success;
    }
  }
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  if (device_observer != nullptr) device_observer->written(to, bytes);
  return success;
}

Result cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, std::size_t bytes, StreamHandle) {
  const std::lock_guard lock(state.mutex);
  if (state.lost) return launch_failed;
  if (!inside(from, bytes)) return invalid_value;
  if (is_instant(state.launches + 1) && is_pinned(to)) return success;
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return success;
}

Result cuMemsetD8Async(DevicePointer to, unsigned char value, std::size_t bytes, StreamHandle) {
  const std::lock_guard lock(state.mutex);
  if (!inside(to, bytes)) return invalid_value;
  if (bytes >= large && is_instant(state.launches + 1)) return success;
  std::memset(reinterpret_cast<void*>(to), value, bytes);
  if (device_observer != nullptr) device_observer->written(to, bytes);
  return success;
}

Result cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, std::size_t bytes, StreamHandle) {
  const std::lock_guard lock(state.mutex);
  if (state.lost) return launch_failed;
  if (!inside(to, bytes) || !inside(from, bytes)) return invalid_value;
  std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
  if (device_observer != nullptr) device_observer->copied(to, from, bytes);
  if (std::getenv("AXIOM_EMULATED_TRACE") != nullptr) {
    std::fprintf(stderr, "emulated device: copy of %zu bytes\n", bytes);
  }
  return success;
}

Result cuStreamCreate(StreamHandle* stream, unsigned) {
  *stream = reinterpret_cast<StreamHandle>(1);
  return success;
}
Result cuStreamDestroy_v2(StreamHandle) { return success; }
Result cuStreamSynchronize(StreamHandle) { return state.lost ? launch_failed : success; }

Result cuLaunchKernel(FunctionHandle function, unsigned blocks, unsigned, unsigned,
                      unsigned threads, unsigned, unsigned, unsigned shared, StreamHandle,
                      void** parameters, void**) {
  return launch_kernel(function, blocks, threads, shared, parameters, false);
}

Result cuLaunchCooperativeKernel(FunctionHandle function, unsigned blocks, unsigned, unsigned,
                                 unsigned threads, unsigned, unsigned, unsigned shared,
                                 StreamHandle, void** parameters) {
  return launch_kernel(function, blocks, threads, shared, parameters, true);
}

Result cuGetErrorName(Result error, const char** text) {
  *text = error == out_of_memory   ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == launch_failed ? "CUDA_ERROR_LAUNCH_FAILED"
          : error == no_device     ? "CUDA_ERROR_NO_DEVICE"
          : error == invalid_value ? "CUDA_ERROR_INVALID_VALUE"
          : error == invalid_image ? "CUDA_ERROR_INVALID_IMAGE"
                                   : nullptr;
  return *text == nullptr ? invalid_value : success;
}
Result cuGetErrorString(Result error, const char** text) {
  *text = error == launch_failed ? "unspecified launch failure" : "emulated error";
  return success;
}

bool axiom_emulated_context() { return current_context != nullptr; }

bool axiom_emulated_memory(DevicePointer pointer, std::size_t bytes) {
  const std::lock_guard lock(state.mutex);
  return inside(pointer, bytes);
}

}  // extern "C"
