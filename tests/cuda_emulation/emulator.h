// Runs kernels on the processor. One launch at a time; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>

namespace axiom::cuda::emulation {

/// What a GPU would hang on or refuse.
class EmulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Launch {
  int blocks = 1;
  int threads = 1;
  std::size_t shared_bytes = 0;
  bool all_at_once = false;   ///< cooperative: every block has its turn before any has ended
  std::uint64_t shuffle = 0;  ///< 0: threads and blocks in order; else the seed of their order
};

/// `kernel` is called once per thread. Shared memory starts out as NaN. EmulationError: threads of
/// a block that leave while others wait at a barrier; waiting that never ends.
void run(const Launch& launch, const std::function<void()>& kernel);

}  // namespace axiom::cuda::emulation
