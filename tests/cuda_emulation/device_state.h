// The emulated driver's state, which its functions share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "cuda/driver_api.h"
#include "tests/cuda_emulation/stream_queue.h"

namespace axiom::cuda {

inline constexpr Result invalid_value = 1;
inline constexpr unsigned any_kernels_shared_bytes = 48 << 10;  ///< without asking for more
inline constexpr std::size_t guard = 256;  ///< bytes before and after every block of memory
inline constexpr unsigned char guard_byte = 0xA5;

struct State {
  std::mutex mutex;
  std::map<DevicePointer, std::size_t> blocks;
  std::map<void*, std::size_t> pinned;
  std::size_t used = 0;
  long launches = 0;
  std::set<long> lost;  ///< devices
  bool spoiled = false;
  bool sleeps = false;  ///< who waits
  std::uint64_t order = 0;
  StreamQueue streams;
  std::map<FunctionHandle, unsigned> shared_bytes;  ///< that were asked for
  std::map<FunctionHandle, int> carveouts;          ///< likewise, in percent
  long carveout = 0;                                ///< of the last launch
  std::set<const void*> loaded;                     ///< kernels that have been launched
};
/// Under its mutex.
extern State state;

/// Ends the process.
[[noreturn]] void give_up(const char* what, const char* why);

}  // namespace axiom::cuda
