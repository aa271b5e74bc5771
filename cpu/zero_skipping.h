// Which products leave out zeros (cpu/sparse_product.inl). A matter of speed only: no bit depends
// on it, so it may differ from host to host.
#pragma once

#include <limits>

#include "cpu/kernels.h"

namespace axiom::cpu {

/// From how many units on, on both sides of a layer: below, sums and rows are too short for what
/// their start and end cost (measured: docs/PERFORMANCE_CHANGES.md, "Leaving out inactive units").
struct ZeroSkipping {
  static constexpr int never = std::numeric_limits<int>::max();
  int short_blocks;  ///< in blocks of fewer than NonZeros::depth samples
  int long_blocks;

  int least_units(int block_rows) const {
    return block_rows < NonZeros::depth ? short_blocks : long_blocks;
  }
};

/// With AVX2.
inline constexpr ZeroSkipping zero_skipping_avx2{128, 64};
/// With AVX-512, on cores that start one multiply-add of 512 bits a cycle, and on those that start
/// two: there a term with a load of its own gains less over a tile, which shares its loads.
inline constexpr ZeroSkipping zero_skipping_one_unit{64, 64};
inline constexpr ZeroSkipping zero_skipping_two_units{ZeroSkipping::never, 128};

}  // namespace axiom::cpu
