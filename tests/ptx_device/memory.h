// Memory of the device that runs PTX. Every access must lie within what was allocated, be aligned,
// read of global memory only what was written (shared memory starts out as NaN: quads may reach
// into a row's padding, whose products are dropped), and be ordered by barriers, or by fences and
// atomic operations, with every other thread's access to the same place that it conflicts with.
// Ends the process where not.
//
// Ordering is that of NVIDIA's memory model: a barrier orders the threads of its block; a fence and
// then an atomic operation of one thread release what the block's last barrier (and that thread)
// had seen; a strong read of the same word and then a fence acquire it, for that thread and, after
// the next barrier, for its block.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "tests/cuda_emulation/driver.h"

namespace axiom::cuda::ptx {

enum class Access { read, write, strong };

/// Ends the process. `line`: of the PTX, 1 000 000 · image + line.
[[noreturn]] void fail(const char* what, int line);

/// When and by whom a word was accessed. Epochs are numbered on from launch to launch; each barrier
/// that a thread passes begins one.
struct Mark {
  std::uint32_t epoch = 0;
  std::uint16_t block = 0;
  std::uint16_t thread = 0;
};
/// For a read by more than one thread of the same block and epoch.
constexpr std::uint16_t several = 0xffff;

struct Marks {
  Mark write;
  Mark read;
};

/// By block, the last epoch of which everything is known to have happened before.
using Clock = std::vector<std::uint32_t>;

class Memory final : public DeviceObserver {
 public:
  void allocated(DevicePointer pointer, std::size_t bytes) override;
  void freed(DevicePointer pointer) override;
  void written(DevicePointer pointer, std::size_t bytes) override;
  void copied(DevicePointer to, DevicePointer from, std::size_t bytes) override;
  void launched(int blocks, int threads, std::size_t shared_bytes) override;
  bool accepts(const char* image) const override;

  /// REQUIRES: a thread of a launch is running. `address`: offset in the block's shared memory.
  unsigned char* shared(std::uint64_t address, std::size_t bytes, Access access, int line);
  unsigned char* global(std::uint64_t address, std::size_t bytes, Access access, int line);
  void acquire(std::uint64_t address);
  void release(std::uint64_t address);
  void fence();
  void after_barrier();

 private:
  static constexpr std::size_t shared_granule = 2;  // bytes with marks in common
  static constexpr std::size_t global_granule = 4;

  struct Region {
    std::size_t bytes = 0;
    std::vector<bool> set;  ///< by byte; of global memory only
    std::vector<Marks> marks;
    Region(std::size_t size, std::size_t granule) : bytes(size), marks(size / granule + 1) {}
  };
  struct BlockState {
    std::uint32_t epoch = 0;
    Clock known;
    Clock acquired;  ///< by its threads since the last barrier
    std::unique_ptr<Region> shared;
  };
  struct ThreadState {
    std::uint32_t epoch = 0;
    Clock fenced;    ///< what its next atomic operation releases
    Clock seen;      ///< by strong reads, no fence yet
    Clock acquired;  ///< what it knows beyond its block
  };

  void check(Region& region, std::size_t granule, std::uint64_t offset, std::size_t bytes,
             Access access, int line);
  bool precedes(const Mark& mark, const Mark& now) const;
  std::size_t thread_number() const;
  BlockState& own_block();
  ThreadState& own_thread();

  std::map<DevicePointer, std::unique_ptr<Region>> regions_;
  std::pair<const DevicePointer, std::unique_ptr<Region>>* last_ = nullptr;
  int threads_ = 0;
  std::size_t shared_bytes_ = 0;
  std::uint32_t first_epoch_ = 1;  // of this launch
  std::uint32_t last_epoch_ = 1;
  std::vector<BlockState> blocks_;
  std::vector<ThreadState> thread_states_;
  std::unordered_map<std::uint64_t, Clock> released_;  // by address
};

Memory& memory();

}  // namespace axiom::cuda::ptx
