// Data of compgen and featrank: combinations of four binary groups, four of them held out of
// training.
#pragma once

#include <array>
#include <cstdint>

#include "client/plan/dataset.h"

namespace axiom {

inline constexpr int combination_count = 16;
inline constexpr int combination_groups = 4;
inline constexpr int features_per_group = 5;
inline constexpr int combination_features = combination_groups * features_per_group;

/// Splits of a dataset, as numbered in docs/RANDOM_STREAMS.md.
enum class Split : std::uint32_t { train = 0, test = 1, ood_test = 2 };

/// s0 ⊕ s1 ⊕ (s2 ∧ s3) of the combination with code 8·s0 + 4·s1 + 2·s2 + s3.
int combination_label(int code);

/// Codes that a trial holds out of training, ascending: a bitwise-complement pair of each class.
using HeldoutCodes = std::array<int, 4>;
HeldoutCodes heldout_codes(std::uint64_t seed, std::uint32_t trial);
/// Bits 1 << code.
unsigned heldout_mask(const HeldoutCodes& heldout);

/// Accuracy on the held-out combinations of the majority label among the training combinations at
/// Hamming distance 1, a tie counting half.
double neighbour_vote(const HeldoutCodes& heldout);

/// Fills a dataset of data.samples samples: the other combinations, or the held-out ones for
/// Split::ood_test. REQUIRES: data.features is combination_features.
void generate_combinations(std::uint64_t seed, std::uint32_t trial, Split split, Dataset& data);

}  // namespace axiom
