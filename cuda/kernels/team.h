// The blocks that share one network: all of a team are on the device at once (cooperative launch).
#pragma once

#include <device.h>

#include "cuda/kernels/jobs.h"
#include "cuda/kernels/team_layout.h"

namespace axiom::cuda {

struct Team {
  TeamState* state;
  int rank;    ///< of this block
  int blocks;  ///< in the team
  std::uint32_t awaited = 0;

  /// Index of this thread in the team, and how many there are.
  AXIOM_DEVICE int thread() const { return rank * thread_count() + thread_index(); }
  AXIOM_DEVICE int threads() const { return blocks * thread_count(); }
  AXIOM_DEVICE bool leads() const { return rank == 0 && thread_index() == 0; }

  /// Barrier of all threads of the team; what was written before it is seen after it.
  AXIOM_DEVICE void synchronize() {
    synchronize_block();
    if (blocks == 1) return;
    awaited += static_cast<std::uint32_t>(blocks);
    if (thread_index() == 0) {
      // One thread's fences, between the block's barriers, are enough: they are cumulative.
      fence_device();
      fetch_add(&state->arrived, 1);
      // Wraps around like the counter.
      while (static_cast<std::int32_t>(load_shared_word(&state->arrived) - awaited) < 0) pause();
      fence_device();
    }
    synchronize_block();
  }
};

}  // namespace axiom::cuda
