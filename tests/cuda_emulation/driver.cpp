// A CUDA driver for tests: libcuda.so.1 with the functions that the product uses, on top of the
// emulator. Found through LD_LIBRARY_PATH, so that the product is tested as it is.
// Its environment: settings.h.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include "cuda/driver_api.h"
#include "tests/cuda_emulation/device_state.h"
#include "tests/cuda_emulation/driver.h"
#include "tests/cuda_emulation/emulator.h"
#include "tests/cuda_emulation/fault.h"
#include "tests/cuda_emulation/instant.h"
#include "tests/cuda_emulation/kernel_table.h"
#include "tests/cuda_emulation/launches.h"
#include "tests/cuda_emulation/module_image.h"
#include "tests/cuda_emulation/settings.h"

namespace {

using namespace axiom::cuda;

constexpr Result invalid_context = 201;
constexpr Result not_found = 500;
constexpr Result launch_failed = 719;
constexpr std::size_t large = 1 << 17;  // bytes that an instant device need not really hold

thread_local ContextHandle current_context = nullptr;

long current_device() {
  return static_cast<long>(reinterpret_cast<std::uintptr_t>(current_context)) - 1;
}

bool is_lost() { return state.lost.contains(current_device()); }

/// What a device that is lost answers.
Result lost() { return static_cast<Result>(setting("AXIOM_EMULATED_WORK", launch_failed)); }

/// A real driver refuses, and what frees memory has nobody to tell: it would leak.
void require_context(const char* what) {
  if (current_context == nullptr) give_up(what, " by a thread that uses no device");
}

/// What every call that takes a stream asks first.
Result usable(StreamHandle stream) {
  if (current_context == nullptr) return invalid_context;
  if (is_lost()) return lost();
  return state.streams.has(stream) ? success : invalid_value;
}

/// A copy from or to memory that is not pinned may wait for what the stream has to do, and a real
/// driver polls then, also where it was asked to sleep. Not worth a word where that is copies.
void wait_for_copy(StreamHandle stream, const char* what) {
  if (state.streams.computes(stream)) give_up(what, " waits for the device by polling");
  state.streams.finish(stream);
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

/// Of what a device that is lost had still to do, nothing is done.
void queue_copy(StreamHandle stream, const std::function<void()>& copy) {
  state.streams.copy(stream, [copy, device = current_device()] {
    if (!state.lost.contains(device)) copy();
  });
}

Result launch_kernel(FunctionHandle function, unsigned blocks, unsigned threads, unsigned shared,
                     StreamHandle stream, void** parameters, bool all_at_once) {
  const std::lock_guard lock(state.mutex);
  if (const Result result = usable(stream); result != success) return result;
  const Fault planned = planned_fault(current_device());
  ++state.launches;
  if (std::getenv("AXIOM_EMULATED_TRACE") != nullptr) {
    const auto named = std::find_if(kernels().begin(), kernels().end(), [&](const auto& kernel) {
      return &kernel.second == reinterpret_cast<const Entry*>(function);
    });
    std::fprintf(stderr, "emulated device: launch %ld of %s\n", state.launches,
                 named == kernels().end() ? "?" : named->first.c_str());
  }
  constexpr long never = std::numeric_limits<long>::max();
  constexpr const char* lose = "AXIOM_EMULATED_LOST";
  const long lost_at = concerns(lose, current_device()) ? setting(lose, never) : never;
  if ((planned.action == "lose" && state.launches >= planned.at) || state.launches >= lost_at) {
    state.lost.insert(current_device());
    return lost();
  }
  while (planned.action == "hang" && state.launches >= planned.at) ::pause();
  const Result result = acceptable(function, blocks, threads, shared, all_at_once);
  if (result != success) return result;
  require_one_carveout(function, shared);
  const auto& entry = *reinterpret_cast<const Entry*>(function);
  const auto shuffle = static_cast<std::uint64_t>(setting("AXIOM_EMULATED_SHUFFLE", 0));
  emulation::Launch launch;
  launch.blocks = static_cast<int>(blocks);
  launch.threads = static_cast<int>(threads);
  launch.shared_bytes = shared;
  launch.all_at_once = all_at_once;
  launch.shuffle = shuffle == 0 ? 0 : shuffle + ++state.order;
  const auto values = std::make_shared<Parameters>(entry, parameters);
  state.streams.launch(stream, [=, &entry, number = state.launches] {
    run_launch(entry, values->addresses(), launch, number, planned);
  });
  return success;
}

}  // namespace

axiom::cuda::State axiom::cuda::state;
DeviceObserver* axiom::cuda::device_observer = nullptr;

extern "C" {

Result cuDevicePrimaryCtxSetFlags_v2(DeviceNumber, unsigned flags) {
  const std::lock_guard lock(state.mutex);
  state.sleeps = flags == schedule_blocking_sync;
  return success;
}
Result cuDevicePrimaryCtxRetain(ContextHandle* context, DeviceNumber device) {
  const auto result = static_cast<Result>(setting("AXIOM_EMULATED_OPEN", success));
  if (result != success && device == 0) return result;
  *context = reinterpret_cast<ContextHandle>(static_cast<std::uintptr_t>(device) + 1);
  return success;
}
Result cuDevicePrimaryCtxRelease_v2(DeviceNumber) { return success; }
Result cuCtxSetCurrent(ContextHandle context) {
  current_context = context;
  return is_lost() ? lost() : success;
}

Result cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  if (current_context == nullptr) return invalid_context;
  const std::lock_guard lock(state.mutex);
  *total = device_memory(current_device());
  *free = *total - std::min(*total, state.used);
  return success;
}

// The images are a real compiler's, or stand in for them (stand_in_images.cpp). They must be for
// this device and have the kernels that are asked for; what is run is this library's own.
Result cuModuleLoadData(ModuleHandle* module, const void* image) {
  if (current_context == nullptr) return invalid_context;
  const auto result = static_cast<Result>(setting("AXIOM_EMULATED_LOAD", success));
  if (result != success) return result;
  const auto read = emulation::read_image(image);
  if (!read) return invalid_image;
  if (!read->runs_on(capability(current_device()))) return no_binary_for_gpu;
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
Result cuFuncSetAttribute(FunctionHandle function, int attribute, int value) {
  if (current_context == nullptr) return invalid_context;
  if (attribute == function_preferred_carveout && value >= -1 && value <= carveout_max_shared) {
    const std::lock_guard lock(state.mutex);
    state.carveouts[function] = value;
    return success;
  }
  if (attribute != function_max_dynamic_shared_bytes) return invalid_value;
  const long most = std::max<long>(shared_bytes_of_a_block(), any_kernels_shared_bytes);
  if (value < 0 || value > most) return invalid_value;
  const std::lock_guard lock(state.mutex);
  state.shared_bytes[function] = std::max(static_cast<unsigned>(value), any_kernels_shared_bytes);
  return success;
}
Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, FunctionHandle, int threads,
                                                   std::size_t shared_bytes) {
  if (current_context == nullptr) return invalid_context;
  if (std::getenv("AXIOM_EMULATED_TRACE") != nullptr) {
    std::fprintf(stderr, "emulated device: occupancy of %d threads\n", threads);
  }
  *blocks = resident_blocks(threads, shared_bytes);
  return success;
}

Result cuMemAlloc_v2(DevicePointer* pointer, std::size_t bytes) {
  if (current_context == nullptr) return invalid_context;
  const std::lock_guard lock(state.mutex);
  if (is_lost()) return lost();
  if (bytes == 0) return invalid_value;
  if (state.used + bytes > device_memory(current_device())) return out_of_memory;
  const Fault planned = planned_fault(current_device());
  if (planned.action == "full" && state.launches >= planned.at) return out_of_memory;
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
  if (!is_lost()) state.streams.finish_all();
  if (device_observer != nullptr) device_observer->freed(pointer);
  state.used -= found->second;
  state.blocks.erase(found);
  std::free(reinterpret_cast<unsigned char*>(pointer) - guard);
  return success;
}

Result cuMemHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  if (current_context == nullptr) return invalid_context;
  const std::lock_guard lock(state.mutex);
  if (is_lost()) return lost();
  const long most = setting("AXIOM_EMULATED_PINNED", std::numeric_limits<long>::max());
  *pointer = bytes > static_cast<std::size_t>(most) ? nullptr : std::malloc(bytes);
  if (*pointer == nullptr) return out_of_memory;
  if (has_instant_launches()) fill_with_numbers(*pointer, bytes);
  state.pinned[*pointer] = bytes;
  return success;
}

Result cuMemFreeHost(void* pointer) {
  require_context("pinned memory is given back");
  const std::lock_guard lock(state.mutex);
  if (!is_lost()) state.streams.finish_all();
  if (state.pinned.erase(pointer) == 0) return invalid_value;
  std::free(pointer);
  return success;
}

Result cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, std::size_t bytes,
                            StreamHandle stream) {
  const std::lock_guard lock(state.mutex);
  if (const Result result = usable(stream); result != success) return result;
  if (!inside(to, bytes)) return invalid_value;
  const bool pinned = is_pinned(from);
  if (!pinned) wait_for_copy(stream, "a copy to the device");
  if (is_instant(state.launches + 1)) {
    if (pinned) return success;
    if (bytes >= large) {
      copy_to_staging(from, bytes);
      return success;
    }
  }
  const auto copy = [=] {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    if (device_observer != nullptr) device_observer->written(to, bytes);
  };
  if (!pinned) {
    copy();
  } else {
    queue_copy(stream, copy);
  }
  return success;
}

Result cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, std::size_t bytes, StreamHandle stream) {
  const std::lock_guard lock(state.mutex);
  if (const Result result = usable(stream); result != success) return result;
  if (!inside(from, bytes)) return invalid_value;
  const bool pinned = is_pinned(to);
  if (!pinned) wait_for_copy(stream, "a copy from the device");
  if (is_instant(state.launches + 1) && pinned) return success;
  const auto copy = [=] { std::memcpy(to, reinterpret_cast<const void*>(from), bytes); };
  if (!pinned) {
    copy();
  } else {
    queue_copy(stream, copy);
  }
  return success;
}

Result cuMemsetD8Async(DevicePointer to, unsigned char value, std::size_t bytes,
                       StreamHandle stream) {
  const std::lock_guard lock(state.mutex);
  if (const Result result = usable(stream); result != success) return result;
  if (!inside(to, bytes)) return invalid_value;
  if (bytes >= large && is_instant(state.launches + 1)) return success;
  queue_copy(stream, [=] {
    std::memset(reinterpret_cast<void*>(to), value, bytes);
    if (device_observer != nullptr) device_observer->written(to, bytes);
  });
  return success;
}

Result cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, std::size_t bytes,
                            StreamHandle stream) {
  const std::lock_guard lock(state.mutex);
  if (const Result result = usable(stream); result != success) return result;
  if (!inside(to, bytes) || !inside(from, bytes)) return invalid_value;
  if (std::getenv("AXIOM_EMULATED_TRACE") != nullptr) {
    std::fprintf(stderr, "emulated device: copy of %zu bytes\n", bytes);
  }
  queue_copy(stream, [=] {
    std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
    if (device_observer != nullptr) device_observer->copied(to, from, bytes);
  });
  return success;
}

Result cuStreamCreate(StreamHandle* stream, unsigned flags) {
  if (current_context == nullptr) return invalid_context;
  const std::lock_guard lock(state.mutex);
  if (is_lost()) return lost();
  if (flags != stream_non_blocking) give_up("a stream", " waits for the default one");
  *stream = state.streams.create();
  return success;
}
Result cuStreamDestroy_v2(StreamHandle stream) {
  require_context("a stream is given back");
  const std::lock_guard lock(state.mutex);
  if (stream == nullptr || !state.streams.has(stream)) return invalid_value;
  if (!is_lost()) state.streams.destroy(stream);
  return success;
}
Result cuStreamSynchronize(StreamHandle stream) {
  const std::lock_guard lock(state.mutex);
  if (const Result result = usable(stream); result != success) return result;
  if (!state.sleeps) give_up("waiting for the device", " polls");
  state.streams.finish(stream);
  return is_lost() ? lost() : success;
}

Result cuLaunchKernel(FunctionHandle function, unsigned blocks, unsigned, unsigned,
                      unsigned threads, unsigned, unsigned, unsigned shared, StreamHandle stream,
                      void** parameters, void**) {
  return launch_kernel(function, blocks, threads, shared, stream, parameters, false);
}

Result cuLaunchCooperativeKernel(FunctionHandle function, unsigned blocks, unsigned, unsigned,
                                 unsigned threads, unsigned, unsigned, unsigned shared,
                                 StreamHandle stream, void** parameters) {
  return launch_kernel(function, blocks, threads, shared, stream, parameters, true);
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
