// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC'11):
// a counter-based generator, so random numbers have no state. Known answers:
// tests/golden/philox.txt.
#pragma once

#include <cstdint>

#include "client/arithmetic/platform.h"

namespace axiom::arithmetic {

/// One block of random bits.
struct PhiloxBlock {
  std::uint32_t word[4];
};

namespace philox {
inline constexpr std::uint32_t multiplier0 = 0xD2511F53u;
inline constexpr std::uint32_t multiplier1 = 0xCD9E8D57u;
inline constexpr std::uint32_t weyl0 = 0x9E3779B9u;  // golden ratio
inline constexpr std::uint32_t weyl1 = 0xBB67AE85u;  // sqrt(3) - 1
}  // namespace philox

/// Ten rounds of Philox4x32 on a 128-bit counter under a 64-bit key.
AXIOM_INLINE PhiloxBlock philox4x32(PhiloxBlock counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{philox::multiplier0} * counter.word[0];
    const std::uint64_t product1 = std::uint64_t{philox::multiplier1} * counter.word[2];
    const auto high0 = static_cast<std::uint32_t>(product0 >> 32);
    const auto high1 = static_cast<std::uint32_t>(product1 >> 32);
    counter = {{high1 ^ counter.word[1] ^ key0, static_cast<std::uint32_t>(product1),
                high0 ^ counter.word[3] ^ key1, static_cast<std::uint32_t>(product0)}};
    key0 += philox::weyl0;
    key1 += philox::weyl1;
  }
  return counter;
}

}  // namespace axiom::arithmetic
