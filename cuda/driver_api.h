// The part of the CUDA driver API that is used, declared here so that no CUDA header is needed to
// build. Names, numbers and argument orders are those of NVIDIA's documentation of the API; the
// library is loaded at run time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace axiom::cuda {

using Result = int;  ///< CUresult
using DeviceNumber = int;
using DevicePointer = std::uint64_t;
struct ContextOpaque;
struct ModuleOpaque;
struct FunctionOpaque;
struct StreamOpaque;
using ContextHandle = ContextOpaque*;
using ModuleHandle = ModuleOpaque*;
using FunctionHandle = FunctionOpaque*;
using StreamHandle = StreamOpaque*;
struct Uuid {
  unsigned char bytes[16];
};

inline constexpr Result success = 0;
inline constexpr Result out_of_memory = 2;
inline constexpr Result stub_library = 34;
inline constexpr Result device_unavailable = 46;
inline constexpr Result no_device = 100;
inline constexpr Result device_not_licensed = 102;
inline constexpr Result invalid_image = 200;
inline constexpr Result no_binary_for_gpu = 209;
inline constexpr Result uncorrectable_memory = 214;
inline constexpr Result invalid_ptx = 218;
inline constexpr Result compiler_not_found = 221;
inline constexpr Result unsupported_ptx_version = 222;
inline constexpr Result compilation_disabled = 223;
inline constexpr Result launch_timeout = 702;
inline constexpr Result cooperative_launch_too_large = 720;
inline constexpr Result system_not_ready = 802;
inline constexpr Result driver_mismatch = 803;
inline constexpr Result compatibility_not_supported = 804;

// CUdevice_attribute
inline constexpr int attribute_multiprocessors = 16;
inline constexpr int attribute_clock_khz = 13;
inline constexpr int attribute_compute_mode = 20;
inline constexpr int attribute_l2_cache_bytes = 38;
inline constexpr int attribute_major = 75;
inline constexpr int attribute_minor = 76;
inline constexpr int attribute_cooperative_launch = 95;
inline constexpr int attribute_shared_bytes_optin = 97;
// CUcomputemode
inline constexpr int compute_prohibited = 2;
// CUfunction_attribute
inline constexpr int function_max_dynamic_shared_bytes = 8;
inline constexpr int function_preferred_carveout = 9;
// CUshared_carveout
inline constexpr int carveout_max_shared = 100;
// CUctx_flags
inline constexpr unsigned schedule_blocking_sync = 4;
// CUstream_flags
inline constexpr unsigned stream_non_blocking = 1;

/// Entry (member, symbol, result, parameters) for every function.
#define AXIOM_CUDA_FUNCTIONS(F)                                                                    \
  F(init, cuInit, (unsigned flags))                                                                \
  F(driver_version, cuDriverGetVersion, (int* version))                                            \
  F(device_count, cuDeviceGetCount, (int* count))                                                  \
  F(device_get, cuDeviceGet, (DeviceNumber * device, int ordinal))                                 \
  F(device_name, cuDeviceGetName, (char* name, int length, DeviceNumber device))                   \
  F(device_uuid, cuDeviceGetUuid, (Uuid * uuid, DeviceNumber device))                              \
  F(device_attribute, cuDeviceGetAttribute, (int* value, int attribute, DeviceNumber device))      \
  F(device_total_memory, cuDeviceTotalMem_v2, (std::size_t * bytes, DeviceNumber device))          \
  F(context_set_flags, cuDevicePrimaryCtxSetFlags_v2, (DeviceNumber device, unsigned flags))       \
  F(context_retain, cuDevicePrimaryCtxRetain, (ContextHandle * context, DeviceNumber device))      \
  F(context_release, cuDevicePrimaryCtxRelease_v2, (DeviceNumber device))                          \
  F(context_set_current, cuCtxSetCurrent, (ContextHandle context))                                 \
  F(memory_info, cuMemGetInfo_v2, (std::size_t * free, std::size_t * total))                       \
  F(module_load, cuModuleLoadData, (ModuleHandle * module, const void* image))                     \
  F(module_unload, cuModuleUnload, (ModuleHandle module))                                          \
  F(module_function, cuModuleGetFunction,                                                          \
    (FunctionHandle * function, ModuleHandle module, const char* name))                            \
  F(function_set_attribute, cuFuncSetAttribute,                                                    \
    (FunctionHandle function, int attribute, int value))                                           \
  F(occupancy, cuOccupancyMaxActiveBlocksPerMultiprocessor,                                        \
    (int* blocks, FunctionHandle function, int threads, std::size_t shared_bytes))                 \
  F(allocate, cuMemAlloc_v2, (DevicePointer * pointer, std::size_t bytes))                         \
  F(free, cuMemFree_v2, (DevicePointer pointer))                                                   \
  F(allocate_on_host, cuMemHostAlloc, (void** pointer, std::size_t bytes, unsigned flags))         \
  F(free_on_host, cuMemFreeHost, (void* pointer))                                                  \
  F(copy_to_device, cuMemcpyHtoDAsync_v2,                                                          \
    (DevicePointer to, const void* from, std::size_t bytes, StreamHandle stream))                  \
  F(copy_to_host, cuMemcpyDtoHAsync_v2,                                                            \
    (void* to, DevicePointer from, std::size_t bytes, StreamHandle stream))                        \
  F(copy_on_device, cuMemcpyDtoDAsync_v2,                                                          \
    (DevicePointer to, DevicePointer from, std::size_t bytes, StreamHandle stream))                \
  F(fill_bytes, cuMemsetD8Async,                                                                   \
    (DevicePointer to, unsigned char value, std::size_t bytes, StreamHandle stream))               \
  F(stream_create, cuStreamCreate, (StreamHandle * stream, unsigned flags))                        \
  F(stream_destroy, cuStreamDestroy_v2, (StreamHandle stream))                                     \
  F(stream_synchronize, cuStreamSynchronize, (StreamHandle stream))                                \
  F(launch, cuLaunchKernel,                                                                        \
    (FunctionHandle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, \
     unsigned block_y, unsigned block_z, unsigned shared_bytes, StreamHandle stream,               \
     void** parameters, void** extra))                                                             \
  F(launch_cooperative, cuLaunchCooperativeKernel,                                                 \
    (FunctionHandle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, \
     unsigned block_y, unsigned block_z, unsigned shared_bytes, StreamHandle stream,               \
     void** parameters))                                                                           \
  F(error_name, cuGetErrorName, (Result error, const char** text))                                 \
  F(error_string, cuGetErrorString, (Result error, const char** text))

}  // namespace axiom::cuda
