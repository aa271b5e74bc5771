#include "client/experiments/combinations.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "client/arithmetic/ops.h"
#include "client/arithmetic/streams.h"

namespace axiom {

namespace {

using arithmetic::Purpose;
using arithmetic::Stream;

/// Value of group g in a combination.
int group_bit(int code, int group) { return (code >> (combination_groups - 1 - group)) & 1; }

bool is_heldout(const HeldoutCodes& heldout, int code) {
  return std::find(heldout.begin(), heldout.end(), code) != heldout.end();
}

std::vector<int> combinations_of(const HeldoutCodes& heldout, Split split) {
  if (split == Split::ood_test) return {heldout.begin(), heldout.end()};
  std::vector<int> codes;
  for (int code = 0; code < combination_count; ++code) {
    if (!is_heldout(heldout, code)) codes.push_back(code);
  }
  return codes;
}

}  // namespace

int combination_label(int code) {
  return group_bit(code, 0) ^ group_bit(code, 1) ^ (group_bit(code, 2) & group_bit(code, 3));
}

HeldoutCodes heldout_codes(std::uint64_t seed, std::uint32_t trial) {
  constexpr int pairs[2][2] = {{0b0001, 0b0010}, {0b0101, 0b0110}};  // [class][draw]
  const Stream stream{seed, trial, 0, Purpose::heldout_pairs, 0};
  const int class0 = pairs[0][stream.below(0, 2)];
  const int class1 = pairs[1][stream.below(1, 2)];
  constexpr int all_groups = combination_count - 1;
  HeldoutCodes codes = {class0, all_groups ^ class0, class1, all_groups ^ class1};
  std::sort(codes.begin(), codes.end());
  return codes;
}

unsigned heldout_mask(const HeldoutCodes& heldout) {
  unsigned mask = 0;
  for (const int code : heldout) mask |= 1u << code;
  return mask;
}

double neighbour_vote(const HeldoutCodes& heldout) {
  double right = 0;
  for (const int code : heldout) {
    int agreeing = 0;
    int disagreeing = 0;
    for (int group = 0; group < combination_groups; ++group) {
      const int neighbour = code ^ (1 << group);
      if (is_heldout(heldout, neighbour)) continue;
      ++(combination_label(neighbour) == combination_label(code) ? agreeing : disagreeing);
    }
    right += agreeing > disagreeing ? 1.0 : agreeing == disagreeing ? 0.5 : 0.0;
  }
  return right / static_cast<double>(heldout.size());
}

void generate_combinations(std::uint64_t seed, std::uint32_t trial, Split split, Dataset& data) {
  const auto samples = static_cast<std::size_t>(data.samples);
  const std::vector<int> codes = combinations_of(heldout_codes(seed, trial), split);
  const auto split_number = static_cast<std::uint32_t>(split);
  data.labels.resize(samples);
  data.inputs.resize(samples * combination_features);
  arithmetic::fill_below({seed, trial, 0, Purpose::labels, split_number},
                         static_cast<std::uint32_t>(codes.size()), data.labels.data(), samples);
  arithmetic::fill_normal({seed, trial, 0, Purpose::features, split_number}, data.inputs.data(),
                          data.inputs.size());
  for (std::size_t i = 0; i < samples; ++i) {
    const int code = codes[static_cast<std::size_t>(data.labels[i])];
    data.labels[i] = combination_label(code);
    float* row = data.inputs.data() + i * combination_features;
    for (int j = 0; j < combination_features; ++j) {
      const float centre = arithmetic::to_float(group_bit(code, j / features_per_group));
      row[j] = arithmetic::fma(0.5f, row[j], centre);
    }
  }
}

}  // namespace axiom
