// The GPU that the kernels see in tests: blocks and threads as fibers of this processor. The
// product's version of this header is cuda/nvidia/device.h; launches are in emulator.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#define AXIOM_DEVICE inline
#define AXIOM_DEVICE_FUNCTION inline
#define AXIOM_KERNEL(threads, blocks) extern "C" void

namespace axiom::cuda {

namespace emulation {

/// The thread that is running.
struct Thread {
  int index;
  int count;
  int block;
  int blocks;
  float* shared;
};
extern Thread current;
/// Lets the other threads run until all of the block have called it.
void wait_at_barrier();
/// Lets the other threads run for a while.
void yield();

}  // namespace emulation

AXIOM_DEVICE int thread_index() { return emulation::current.index; }
AXIOM_DEVICE int thread_count() { return emulation::current.count; }
AXIOM_DEVICE int block_index() { return emulation::current.block; }
AXIOM_DEVICE int block_count() { return emulation::current.blocks; }
AXIOM_DEVICE void synchronize_block() { emulation::wait_at_barrier(); }
AXIOM_DEVICE float* shared_memory() { return emulation::current.shared; }

template <class T>
AXIOM_DEVICE T* in_global_memory(T* p) {
  return p;
}

struct alignas(16) Quad {
  float v[4];
};
/// An address that a GPU would refuse ends the test here.
AXIOM_DEVICE void require_aligned(const float* p) {
  if (reinterpret_cast<std::uintptr_t>(p) % 16 != 0) __builtin_trap();
}
AXIOM_DEVICE Quad load_quad(const float* p) {
  require_aligned(p);
  Quad q;
  std::memcpy(q.v, p, sizeof q.v);
  return q;
}
AXIOM_DEVICE void store_quad(float* p, const Quad& q) {
  require_aligned(p);
  std::memcpy(p, q.v, sizeof q.v);
}

AXIOM_DEVICE std::uint32_t fetch_add(std::uint32_t* p, std::uint32_t n) {
  const std::uint32_t before = *p;
  *p = before + n;
  return before;
}
AXIOM_DEVICE std::uint32_t load_shared_word(const std::uint32_t* p) {
  return *const_cast<const volatile std::uint32_t*>(p);
}
AXIOM_DEVICE void fence_device() {}
AXIOM_DEVICE void pause() { emulation::yield(); }
AXIOM_DEVICE std::uint64_t compare_and_swap(std::uint64_t* p, std::uint64_t expected,
                                            std::uint64_t value) {
  const std::uint64_t before = *p;
  if (before == expected) *p = value;
  return before;
}
AXIOM_DEVICE std::uint64_t nanoseconds() {
  // A device that takes no time (instant.h) makes as many launches on a busy host, too.
  static const bool stopped = std::getenv("AXIOM_EMULATED_INSTANT") != nullptr;
  if (stopped) return 1;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace axiom::cuda
