// What the kernels need of a GPU, in CUDA. The tests have a second version of this header, which
// runs the same kernels on the processor (tests/cuda_emulation).
#pragma once

#include <cstdint>

#define AXIOM_DEVICE __device__ __forceinline__
/// A function of its own, so that its code is there once.
#define AXIOM_DEVICE_FUNCTION __device__ __noinline__
/// An entry point: at most `threads` threads a block, registers for `blocks` blocks at once.
#define AXIOM_KERNEL(threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks)

namespace axiom::cuda {

AXIOM_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
AXIOM_DEVICE int thread_count() { return static_cast<int>(blockDim.x); }
AXIOM_DEVICE int block_index() { return static_cast<int>(blockIdx.x); }
AXIOM_DEVICE int block_count() { return static_cast<int>(gridDim.x); }
/// Barrier of a block.
AXIOM_DEVICE void synchronize_block() { __syncthreads(); }

/// The launch's dynamic shared memory, 16-byte aligned.
AXIOM_DEVICE float* shared_memory() {
  extern __shared__ float4 memory[];
  return reinterpret_cast<float*>(memory);
}

/// The same pointer, known to lie in global memory.
template <class T>
AXIOM_DEVICE T* in_global_memory(T* p) {
  __builtin_assume(__isGlobal(p));
  return p;
}

/// Four consecutive floats, moved at once.
struct Quad {
  float v[4];
};
/// REQUIRES: p is 16-byte aligned.
AXIOM_DEVICE Quad load_quad(const float* p) {
  const float4 q = *reinterpret_cast<const float4*>(p);
  return {{q.x, q.y, q.z, q.w}};
}
AXIOM_DEVICE void store_quad(float* p, const Quad& q) {
  *reinterpret_cast<float4*>(p) = make_float4(q.v[0], q.v[1], q.v[2], q.v[3]);
}

// Between the blocks of a launch.
AXIOM_DEVICE std::uint32_t fetch_add(std::uint32_t* p, std::uint32_t n) { return atomicAdd(p, n); }
AXIOM_DEVICE std::uint32_t load_shared_word(const std::uint32_t* p) {
  return *const_cast<const volatile std::uint32_t*>(p);
}
/// Makes this thread's writes visible to the device, and others' writes visible to it.
AXIOM_DEVICE void fence_device() { __threadfence(); }
/// While waiting for another block.
AXIOM_DEVICE void pause() {
#if __CUDA_ARCH__ >= 700
  __nanosleep(100);
#endif
}

/// `expected` replaced by `value` if it is there; what was there.
AXIOM_DEVICE std::uint64_t compare_and_swap(std::uint64_t* p, std::uint64_t expected,
                                            std::uint64_t value) {
  return atomicCAS(reinterpret_cast<unsigned long long*>(p), expected, value);
}
/// A clock that all blocks share.
AXIOM_DEVICE std::uint64_t nanoseconds() {
  std::uint64_t time;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
  return time;
}

}  // namespace axiom::cuda
