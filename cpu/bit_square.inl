// 64 × 64 bits: which entries of a square of a matrix are not zero.
#pragma once

#include <cstdint>

namespace axiom::cpu {

/// A template, so that no instruction set's code serves another one's callers.
template <class Isa>
struct BitSquare {
  /// Bit c of row r becomes bit r of row c (Warren, Hacker's Delight, 7–3).
  static void transpose(std::uint64_t* rows) {
    std::uint64_t low = 0x00000000ffffffff;
    for (int j = 32; j != 0; j /= 2, low ^= low << j) {
      for (int k = 0; k < 64; k = ((k | j) + 1) & ~j) {
        const std::uint64_t swap = ((rows[k] >> j) ^ rows[k | j]) & low;
        rows[k] ^= swap << j;
        rows[k | j] ^= swap;
      }
    }
  }
};

}  // namespace axiom::cpu
