// Our own declarations of the driver API and of cuBLAS are those of NVIDIA's headers, where a
// toolkit is there to ask: as many parameters, each of the same kind and size, and the same
// numbers.
#include <cublas_v2.h>
#include <cuda.h>
#include <gtest/gtest.h>

#include <type_traits>

#include "cuda/cublas.h"
#include "cuda/driver_api.h"

namespace axiom::cuda {
namespace {

/// Passed alike: opaque handles and enumerations have types of their own there.
template <class T, class U>
constexpr bool passed_alike() {
  if (std::is_pointer_v<T> || std::is_pointer_v<U>) {
    // An address on the device is an integer for the driver and a pointer for cuBLAS.
    return std::is_pointer_v<T> && std::is_pointer_v<U>;
  }
  constexpr bool whole =
      (std::is_integral_v<T> || std::is_enum_v<T>)&&(std::is_integral_v<U> || std::is_enum_v<U>);
  return sizeof(T) == sizeof(U) && (whole || std::is_same_v<T, U>);
}

template <class R, class... T, class S, class... U>
constexpr bool called_alike(R (*)(T...), S (*)(U...)) {
  if constexpr (sizeof...(T) != sizeof...(U)) {
    return false;
  } else {
    return passed_alike<R, S>() && (passed_alike<T, U>() && ...);
  }
}

TEST(Declarations, OfTheDriver) {
#define AXIOM_DECLARATION(member, symbol, parameters)                   \
  EXPECT_TRUE(called_alike(static_cast<decltype(&::symbol)>(nullptr),   \
                           static_cast<Result(*) parameters>(nullptr))) \
      << #member;
  AXIOM_CUDA_FUNCTIONS(AXIOM_DECLARATION)
#undef AXIOM_DECLARATION
  EXPECT_EQ(sizeof(Uuid), sizeof(CUuuid));
}

TEST(Declarations, OfCublas) {
#define AXIOM_DECLARATION(member, symbol, parameters)                         \
  EXPECT_TRUE(called_alike(static_cast<decltype(&::symbol)>(nullptr),         \
                           static_cast<CublasStatus(*) parameters>(nullptr))) \
      << #member;
  AXIOM_CUBLAS_FUNCTIONS(AXIOM_DECLARATION)
#undef AXIOM_DECLARATION
  EXPECT_EQ(CUBLAS_STATUS_SUCCESS, 0);
  EXPECT_EQ(CUBLAS_OP_N, 0);
}

TEST(Declarations, Numbers) {
  EXPECT_EQ(success, CUDA_SUCCESS);
  EXPECT_EQ(out_of_memory, CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(stub_library, CUDA_ERROR_STUB_LIBRARY);
  EXPECT_EQ(device_unavailable, CUDA_ERROR_DEVICE_UNAVAILABLE);
  EXPECT_EQ(no_device, CUDA_ERROR_NO_DEVICE);
  EXPECT_EQ(device_not_licensed, CUDA_ERROR_DEVICE_NOT_LICENSED);
  EXPECT_EQ(invalid_image, CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(no_binary_for_gpu, CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(uncorrectable_memory, CUDA_ERROR_ECC_UNCORRECTABLE);
  EXPECT_EQ(invalid_ptx, CUDA_ERROR_INVALID_PTX);
  EXPECT_EQ(compiler_not_found, CUDA_ERROR_JIT_COMPILER_NOT_FOUND);
  EXPECT_EQ(unsupported_ptx_version, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  EXPECT_EQ(compilation_disabled, CUDA_ERROR_JIT_COMPILATION_DISABLED);
  EXPECT_EQ(launch_timeout, CUDA_ERROR_LAUNCH_TIMEOUT);
  EXPECT_EQ(cooperative_launch_too_large, CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  EXPECT_EQ(system_not_ready, CUDA_ERROR_SYSTEM_NOT_READY);
  EXPECT_EQ(driver_mismatch, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
  EXPECT_EQ(compatibility_not_supported, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE);
  EXPECT_EQ(attribute_multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  EXPECT_EQ(attribute_clock_khz, CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
  EXPECT_EQ(attribute_compute_mode, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE);
  EXPECT_EQ(compute_prohibited, CU_COMPUTEMODE_PROHIBITED);
  EXPECT_EQ(attribute_l2_cache_bytes, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  EXPECT_EQ(attribute_major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  EXPECT_EQ(attribute_minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  EXPECT_EQ(attribute_cooperative_launch, CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH);
  EXPECT_EQ(attribute_shared_bytes_optin, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  EXPECT_EQ(function_max_dynamic_shared_bytes, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
  EXPECT_EQ(function_preferred_carveout, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
  EXPECT_EQ(carveout_max_shared, CU_SHAREDMEM_CARVEOUT_MAX_SHARED);
  EXPECT_EQ(schedule_blocking_sync, static_cast<unsigned>(CU_CTX_SCHED_BLOCKING_SYNC));
  EXPECT_EQ(stream_non_blocking, static_cast<unsigned>(CU_STREAM_NON_BLOCKING));
}

// The check itself notices what differs.
TEST(Declarations, DifferencesAreNoticed) {
  using Wanted = int (*)(int, const float*, long long);
  constexpr Wanted wanted = nullptr;
  using Shorter = int (*)(int, const float*);
  using Narrower = int (*)(int, const float*, int);
  using Value = int (*)(int, float, long long);
  EXPECT_TRUE(called_alike(wanted, wanted));
  EXPECT_FALSE(called_alike(wanted, static_cast<Shorter>(nullptr)));
  EXPECT_FALSE(called_alike(wanted, static_cast<Narrower>(nullptr)));
  EXPECT_FALSE(called_alike(wanted, static_cast<Value>(nullptr)));
}

}  // namespace
}  // namespace axiom::cuda
