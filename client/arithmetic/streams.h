// Random streams: numbers as functions of (seed, trial, network, purpose, epoch, index).
// The layout is docs/RANDOM_STREAMS.md, pinned by tests/golden/streams.txt.
#pragma once

#include <cstddef>
#include <cstdint>

#include "client/arithmetic/functions.h"
#include "client/arithmetic/philox.h"
#include "client/arithmetic/platform.h"

namespace axiom::arithmetic {

/// What a stream is for. On-disk results depend on these numbers: never reuse one.
enum class Purpose : std::uint32_t {
  seed_mixing = 0,
  heldout_pairs = 1,
  centres = 2,
  labels = 3,
  features = 4,
  initial_weights = 5,
  permutation = 6,
  dropout = 7,
};

/// Integer in [0, n) from a word; bias at most n / 2^32.
AXIOM_INLINE std::uint32_t scaled(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

/// One stream. `epoch` holds the split (data) or the layer (initial weights) where no epoch
/// applies.
struct Stream {
  std::uint64_t seed;
  std::uint32_t trial;
  std::uint32_t network;
  Purpose purpose;
  std::uint32_t epoch;

  /// Philox's key, and its counter for block `index`.
  AXIOM_INLINE std::uint32_t key0() const { return static_cast<std::uint32_t>(seed); }
  AXIOM_INLINE std::uint32_t key1() const { return static_cast<std::uint32_t>(seed >> 32); }
  AXIOM_INLINE PhiloxBlock counter(std::uint32_t index) const {
    return {{index, epoch, network, trial * 256u + static_cast<std::uint32_t>(purpose)}};
  }
  /// Words 4·block … 4·block + 3.
  AXIOM_INLINE PhiloxBlock block(std::uint32_t index) const {
    return philox4x32(counter(index), key0(), key1());
  }
  AXIOM_INLINE std::uint32_t word(std::uint32_t index) const {
    return block(index / 4).word[index % 4];
  }
  /// Integer in [0, n).
  AXIOM_INLINE std::uint32_t below(std::uint32_t index, std::uint32_t n) const {
    return scaled(word(index), n);
  }
  /// Multiple of 2^-24 in [0, 1).
  AXIOM_INLINE float uniform(std::uint32_t index) const {
    return mul(to_float(static_cast<std::int32_t>(word(index) >> 8)), 0x1p-24f);
  }
};

/// out[i] = normal(i), standard normal by Box–Muller, |value| ≤ 5.77.
void fill_normal(const Stream& stream, float* out, std::size_t count);
/// out[i] = below(i, n).
void fill_below(const Stream& stream, std::uint32_t n, std::int32_t* out, std::size_t count);
/// out[i] = word(first + i) < threshold ? 0 : kept. Indices are modulo 2^32.
void fill_factors(const Stream& stream, std::uint32_t first, std::uint32_t threshold, float kept,
                  float* out, std::size_t count);
/// Fisher–Yates permutation of 0 … n−1.
void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n);
/// The i-th resolved seed of a work unit: the seed itself for i = 0, mixed by Philox beyond.
std::uint64_t mixed_seed(std::uint64_t seed, std::uint32_t i);

}  // namespace axiom::arithmetic
