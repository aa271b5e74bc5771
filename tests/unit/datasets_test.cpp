// links: axiom_experiments
// The data of the six experiments, and the untrained networks.

#include "client/experiments/datasets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "client/plan/initial_parameters.h"

namespace axiom {
namespace {

constexpr std::uint64_t seed = 42;

/// Mean of f over the samples of a dataset.
template <class F>
double mean_over(const Dataset& data, F f) {
  double sum = 0;
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    sum += f(data.inputs.data() + i * static_cast<std::size_t>(data.features), data.labels[i]);
  }
  return sum / data.samples;
}

/// The combination whose groups' means are nearest; right for nearly all samples.
int decoded(const float* row) {
  int code = 0;
  for (int group = 0; group < combination_groups; ++group) {
    const FeatureRange range{group * features_per_group, features_per_group};
    code = 2 * code + (feature_sum(row, range) > 0.5f * features_per_group);
  }
  return code;
}

TEST(Combinations, LabelsAreThoseOfTheDocument) {
  for (int code = 0; code < combination_count; ++code) {
    const bool s0 = code & 8;
    const bool s1 = code & 4;
    const bool s2 = code & 2;
    const bool s3 = code & 1;
    EXPECT_EQ(combination_label(code), (s0 != s1) != (s2 && s3) ? 1 : 0) << code;
  }
}

TEST(Combinations, HeldOutPairsAreComplementaryAndOfBothClasses) {
  std::set<HeldoutCodes> seen;
  for (std::uint64_t s = 0; s < 20; ++s) {
    for (std::uint32_t trial = 0; trial < 3; ++trial) {
      const HeldoutCodes codes = heldout_codes(s, trial);
      seen.insert(codes);
      EXPECT_TRUE(std::is_sorted(codes.begin(), codes.end()));
      int ones = 0;
      for (const int code : codes) {
        ones += combination_label(code);
        EXPECT_EQ(std::count(codes.begin(), codes.end(), 15 - code), 1);
        EXPECT_EQ(combination_label(code), combination_label(15 - code));
      }
      EXPECT_EQ(ones, 2);
      EXPECT_EQ(std::popcount(heldout_mask(codes)), 4);
      // Each has one training neighbour of its own label and two of the other.
      EXPECT_EQ(neighbour_vote(codes), 0);
    }
  }
  EXPECT_EQ(seen,
            (std::set<HeldoutCodes>{{1, 5, 10, 14}, {1, 6, 9, 14}, {2, 5, 10, 13}, {2, 6, 9, 13}}));
}

TEST(Combinations, NeighbourVoteCountsTiesHalf) {
  // 0000 and 1100 have two neighbours of each label, 0011 and 1111 only ones of the other.
  EXPECT_EQ(neighbour_vote({0b0000, 0b0011, 0b1100, 0b1111}), .25);
  // 0001 keeps only 0000, of its own label; the others have a majority of the other label.
  EXPECT_EQ(neighbour_vote({0b0001, 0b0011, 0b0101, 0b1001}), .25);
}

TEST(Combinations, NoGroupAlonePredictsTheLabelInTraining) {
  for (std::uint64_t s = 0; s < 20; ++s) {
    const HeldoutCodes codes = heldout_codes(s, 0);
    for (int group = 0; group < combination_groups; ++group) {
      int agreements = 0;
      for (int code = 0; code < combination_count; ++code) {
        if (std::count(codes.begin(), codes.end(), code) == 1) continue;
        agreements += ((code >> group) & 1) == combination_label(code);
      }
      EXPECT_EQ(agreements, 6);  // of 12
    }
  }
}

TEST(Combinations, SplitsHoldTheirCombinations) {
  const HeldoutCodes held_out = heldout_codes(seed, 1);
  for (const Split split : {Split::train, Split::test, Split::ood_test}) {
    Dataset data{1000, combination_features, {}, {}};
    generate_combinations(seed, 1, split, data);
    ASSERT_EQ(data.inputs.size(), 20000u);
    std::set<int> seen;
    const double belonging = mean_over(data, [&](const float* row, std::int32_t) {
      const int code = decoded(row);
      seen.insert(code);
      const bool is_held_out = std::count(held_out.begin(), held_out.end(), code) == 1;
      return is_held_out == (split == Split::ood_test) ? 1.0 : 0.0;
    });
    EXPECT_GT(belonging, .93);
    EXPECT_GE(seen.size(), split == Split::ood_test ? 4u : 12u);
    const double labelled = mean_over(data, [](const float* row, std::int32_t label) {
      return combination_label(decoded(row)) == label ? 1.0 : 0.0;
    });
    EXPECT_GT(labelled, .93);
    EXPECT_NEAR(mean_over(data, [](const float*, std::int32_t label) { return label; }), .5, .06);
  }
}

TEST(Combinations, SplitsAndTrialsDiffer) {
  Dataset train{10, combination_features, {}, {}};
  Dataset other = train;
  generate_combinations(seed, 0, Split::train, train);
  generate_combinations(seed, 0, Split::test, other);
  EXPECT_NE(train.inputs, other.inputs);
  generate_combinations(seed, 1, Split::train, other);
  EXPECT_NE(train.inputs, other.inputs);
}

TEST(SignXor, LabelsFollowTheSums) {
  Dataset data{1000, 20, {}, {}};
  generate_sign_xor(seed, 2, Split::train, data);
  EXPECT_EQ(mean_over(data,
                      [](const float* row, std::int32_t label) {
                        double sums[2] = {0, 0};
                        for (int j = 0; j < 10; ++j) sums[j / 5] += row[j];
                        return ((sums[0] > 0) != (sums[1] > 0)) == (label == 1) ? 1.0 : 0.0;
                      }),
            1.0);
  EXPECT_NEAR(mean_over(data, [](const float* row, std::int32_t) { return row[7] * row[7]; }), 1,
              .2);
}

constexpr SignalGroup signal_groups[] = {{{0, 5}, 1.5f}, {{5, 5}, .5f}, {{10, 10}, .15f}};

TEST(Signals, CentresFollowTheLabel) {
  Dataset data{4000, 20, {}, {}};
  generate_signals(seed, Split::train, signal_groups, data);
  for (const SignalGroup& group : signal_groups) {
    const double aligned = mean_over(data, [&](const float* row, std::int32_t label) {
      return (label == 1 ? 1.0 : -1.0) * feature_sum(row, group.range) / group.range.count;
    });
    EXPECT_NEAR(aligned, group.centre, 5 / std::sqrt(4000.0 * group.range.count));
  }
}

TEST(Signals, KeepFeaturesZeroesTheOthers) {
  Dataset data{50, 20, {}, {}};
  generate_signals(seed, Split::test, signal_groups, data);
  Dataset kept{50, 20, {}, {}};
  keep_features(data, {5, 5}, kept);
  EXPECT_EQ(kept.labels, data.labels);
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const bool inside = i % 20 >= 5 && i % 20 < 10;
    EXPECT_EQ(kept.inputs[i], inside ? data.inputs[i] : 0.0f);
  }
}

TEST(Mixture, SamplesLieAroundTheirCentres) {
  Dataset data{5000, 10, {}, {}};
  generate_mixture(seed, Split::train, 5, data);
  const std::vector<float> centres = mixture_centres(seed, 5, 10);
  std::vector<int> counts(5);
  const double spread = mean_over(data, [&](const float* row, std::int32_t label) {
    ++counts[static_cast<std::size_t>(label)];
    double squares = 0;
    for (int j = 0; j < 10; ++j) {
      const double d = row[j] - centres[static_cast<std::size_t>(10 * label + j)];
      squares += d * d;
    }
    return squares / 10;
  });
  EXPECT_NEAR(spread, 1, .03);
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Mixture, ShorterDatasetsAreBeginnings) {
  Dataset small{100, 10, {}, {}};
  Dataset large{1000, 10, {}, {}};
  generate_mixture(seed, Split::train, 5, small);
  generate_mixture(seed, Split::train, 5, large);
  EXPECT_TRUE(std::equal(small.inputs.begin(), small.inputs.end(), large.inputs.begin()));
  EXPECT_TRUE(std::equal(small.labels.begin(), small.labels.end(), large.labels.begin()));
}

TEST(InitialParameters, WeightsHaveVarianceTwoOverFanIn) {
  TrainingRun run;
  run.shape.sizes = {20, 256, 128, 2};
  run.seed = seed;
  std::vector<float> parameters;
  initial_parameters(run, parameters);
  ASSERT_EQ(parameters.size(), run.shape.parameters());
  for (int layer = 0; layer < 3; ++layer) {
    double squares = 0;
    for (std::size_t i = 0; i < run.shape.weights(layer); ++i) {
      const double w = parameters[run.shape.weight_offset(layer) + i];
      squares += w * w;
    }
    const double count = static_cast<double>(run.shape.weights(layer));
    EXPECT_NEAR(squares / count * run.shape.fan_in(layer) / 2, 1, 6 * std::sqrt(2 / count));
    for (int j = 0; j < run.shape.fan_out(layer); ++j) {
      EXPECT_EQ(parameters[run.shape.bias_offset(layer) + static_cast<std::size_t>(j)], 0.0f);
    }
  }
}

TEST(InitialParameters, NetworksTrialsAndLayersDiffer) {
  TrainingRun run;
  run.shape.sizes = {4, 4, 4};
  run.seed = seed;
  std::vector<float> base;
  initial_parameters(run, base);
  EXPECT_NE(base[0], base[run.shape.weight_offset(1)]);
  std::vector<float> other;
  run.network = 1;
  initial_parameters(run, other);
  EXPECT_NE(base, other);
  run.network = 0;
  run.trial = 1;
  initial_parameters(run, other);
  EXPECT_NE(base, other);
}

}  // namespace
}  // namespace axiom
