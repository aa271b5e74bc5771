// The order in which an epoch visits its samples (docs/RANDOM_STREAMS.md, "permutation").
#pragma once

#include <device.h>

#include "client/arithmetic/streams.h"

namespace axiom::cuda {

inline constexpr int permutation_draws = 512;  ///< words drawn at once, in shared memory

/// Fisher–Yates on 0 … n−1 by one block: all threads draw, one exchanges. Ends with a barrier.
template <class Index>
AXIOM_DEVICE void fill_permutation(const arithmetic::Stream& stream, Index* order, int n,
                                   std::uint32_t* draws) {
  for (int i = thread_index(); i < n; i += thread_count()) order[i] = static_cast<Index>(i);
  const int last = n - 1;
  for (int first = last / permutation_draws * permutation_draws, end = last; first >= 0;
       end = first - 1, first -= permutation_draws) {
    for (int block = thread_index(); block < permutation_draws / 4; block += thread_count()) {
      const auto at = static_cast<std::uint32_t>(first + 4 * block);
      const arithmetic::PhiloxBlock words = stream.block(at / 4);
#pragma unroll
      for (std::uint32_t w = 0; w < 4; ++w) {
        draws[4 * block + static_cast<int>(w)] = arithmetic::scaled(words.word[w], at + w + 1);
      }
    }
    synchronize_block();
    if (thread_index() == 0) {
      for (int i = end; i >= first && i > 0; --i) {
        const std::uint32_t j = draws[i - first];
        const Index moved = order[i];
        order[i] = order[j];
        order[j] = moved;
      }
    }
    synchronize_block();
  }
}

}  // namespace axiom::cuda
