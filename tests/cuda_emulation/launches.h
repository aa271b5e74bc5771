// Launches of the emulated driver: what it refuses, what it runs, and what then goes wrong.
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/driver_api.h"
#include "tests/cuda_emulation/emulator.h"
#include "tests/cuda_emulation/fault.h"
#include "tests/cuda_emulation/kernel_table.h"

namespace axiom::cuda {

/// The values that a launch was given. They are copied at once.
class Parameters {
 public:
  Parameters(const Entry& entry, void** parameters) {
    for (const std::size_t bytes : entry.parameter_bytes) {
      const auto* from = static_cast<const unsigned char*>(parameters[values_.size()]);
      values_.emplace_back(from, from + bytes);
    }
    for (auto& value : values_) addresses_.push_back(value.data());
  }
  void** addresses() { return addresses_.data(); }

 private:
  std::vector<std::vector<unsigned char>> values_;
  std::vector<void*> addresses_;
};

int resident_blocks(int threads, std::size_t shared_bytes);

/// What a real driver says of it.
Result acceptable(FunctionHandle function, unsigned blocks, unsigned threads, unsigned shared,
                  bool all_at_once);

/// A multiprocessor's memory is divided in one way at a time. Ends the process where launches of
/// several streams may wait for each other therefore.
void require_one_carveout(FunctionHandle function, unsigned shared);

/// Launch number `number`, and the fault that is planned for it.
void run_launch(const Entry& entry, void** parameters, const emulation::Launch& launch, long number,
                const Fault& planned);

}  // namespace axiom::cuda
