// links: axiom_experiments
// From measured values to results: every documented key, diverged networks left out.

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "client/experiments/experiment.h"
#include "client/experiments/published.h"
#include "tests/support/planned_experiment.h"

namespace axiom {
namespace {

using test::diverge;
using test::nan;
using test::Planned;
using test::planned;
using test::summary_of;
using test::synthetic_values;

// The flat keys of docs/EXPERIMENTS.md; {W} and {D} stand for the plan's widths and depths.
struct Keys {
  const char* experiment;
  std::vector<std::string> keys;
};
const std::vector<Keys>& documented_keys() {
  static const std::vector<Keys> all = {
      {"compgen",
       {"id_acc_w{W}", "ood_acc_w{W}", "gap_w{W}", "train_acc_w{W}", "id_acc_w{W}_init",
        "ood_acc_w{W}_init", "gap_w{W}_init", "train_acc_w{W}_init", "gap_diff_w64_w32",
        "gap_diff_w128_w32", "monotone", "heldout_mask", "chance", "neighbour_vote"}},
      {"featrank",
       {"eff_rank_w{W}", "rank_ratio_w{W}", "rank_ratio_init_w{W}", "rank_ratio_change_w{W}",
        "stable_rank_w{W}", "part_ratio_w{W}", "top1_var_w{W}", "top5_var_w{W}", "top10_var_w{W}",
        "rank_ratio_l2_w{W}", "monotone_final", "monotone_init", "id_acc_w{W}"}},
      {"neuronspec",
       {"selectivity_w{W}", "alignment_w{W}", "redundancy_w{W}", "redundancy_signed_w{W}",
        "eff_dim_w{W}", "eff_dim_ratio_w{W}", "act_sel_w{W}", "act_sel_mean_w{W}", "test_acc_w{W}",
        "selectivity_w{W}_init", "alignment_w{W}_init", "redundancy_w{W}_init",
        "redundancy_signed_w{W}_init", "eff_dim_w{W}_init", "eff_dim_ratio_w{W}_init",
        "act_sel_w{W}_init", "act_sel_mean_w{W}_init", "test_acc_w{W}_init", "bound_20_over_w{W}"}},
      {"featcompv2",
       {"ratio_mean", "ratio_w{W}", "ratio_sizecorr_mean", "ratio_sizecorr_w{W}",
        "ratio_w1grad_mean", "ratio_w1grad_w{W}", "ratio_epoch0", "ratio_final",
        "strong_first_count", "strong_first_count_epoch0", "ratio_gt1_count", "n_configs"}},
      {"repalignv2",
       {"cka_w{W}", "cka_64x32", "cka_64x32_l1", "cka_64x32_l2", "cka_std_w{W}", "cka_init_w{W}",
        "cka_init_64x32", "cka_change_w{W}", "weight_dist_w{W}", "weight_dist_64x32",
        "test_acc_w{W}", "monotone", "deep_below_w64", "random_feature_c"}},
      {"microscalev2",
       {"param_exponent_d{D}", "param_r2_d{D}", "data_exponent_d{D}", "data_r2_d{D}",
        "param_r2_mean", "data_r2_mean", "param_scaling_holds", "data_scaling_holds", "bayes_loss",
        "bayes_acc", "n_runs"}}};
  return all;
}

std::vector<std::string> expanded(const std::string& key, const Parameters& parameters) {
  for (const auto& [mark, list] : {std::pair("{W}", "widths"), std::pair("{D}", "depths")}) {
    const std::size_t at = key.find(mark);
    if (at == std::string::npos) continue;
    std::vector<std::string> keys;
    for (const int value : parameters.values[list].get<std::vector<int>>()) {
      keys.push_back(std::string(key).replace(at, 3, std::to_string(value)));
    }
    return keys;
  }
  return {key};
}

TEST(Summary, HasExactlyTheDocumentedKeysAllDefined) {
  for (const Keys& documented : documented_keys()) {
    Planned p = planned(documented.experiment);
    const Json summary = summary_of(p, synthetic_values(p.plan));
    std::vector<std::string> expected = {"n_diverged", "detail"};
    for (const std::string& key : documented.keys) {
      for (const std::string& e : expanded(key, p.parameters)) expected.push_back(e);
    }
    for (const std::string& key : expected) {
      ASSERT_TRUE(summary.contains(key)) << documented.experiment << " " << key;
      EXPECT_FALSE(summary[key].is_null()) << documented.experiment << " " << key;
      EXPECT_EQ(summary[key].is_number(), key != "detail") << key;
    }
    EXPECT_EQ(summary.size(), expected.size()) << documented.experiment;
    EXPECT_EQ(summary["n_diverged"], 0);
  }
}

TEST(Summary, PublishedValuesBelongToFlatKeys) {
  for (const Experiment* experiment : experiments()) {
    Planned p = planned(experiment->name());
    const Json summary = summary_of(p, synthetic_values(p.plan));
    EXPECT_FALSE(published_values(experiment->name()).empty());
    for (const PublishedValue& value : published_values(experiment->name())) {
      EXPECT_TRUE(summary.contains(value.key)) << value.key;
    }
  }
  EXPECT_TRUE(published_values("none").empty());
}

// Beside the 8 of 8 that preset small counts stood the 12 of the default's 12 configurations.
TEST(Summary, ThePublishedCountIsThatOfAnyNumberOfConfigurations) {
  for (const PublishedValue& value : published_values("featcompv2")) {
    if (value.key != "strong_first_count") continue;
    EXPECT_EQ(value.text.substr(0, 4), "all ");
  }
}

TEST(Summary, KeysOfAbsentWidthsAreAbsent) {
  Planned p = planned("compgen", "default", Json::object({{"widths", {32, 128}}}));
  const Json summary = summary_of(p, synthetic_values(p.plan));
  EXPECT_FALSE(summary.contains("gap_diff_w64_w32"));
  EXPECT_TRUE(summary.contains("gap_diff_w128_w32"));
  Planned r = planned("repalignv2", "default", Json::object({{"widths", {32, 128}}}));
  EXPECT_FALSE(summary_of(r, synthetic_values(r.plan)).contains("deep_below_w64"));
}

TEST(Summary, EverythingDivergedIsNull) {
  for (const Keys& documented : documented_keys()) {
    Planned p = planned(documented.experiment);
    std::vector<GroupValues> values = synthetic_values(p.plan);
    int networks = 0;
    for (std::size_t g = 0; g < values.size(); ++g) {
      diverge(p.plan, values, g, 1);
      networks += static_cast<int>(p.plan.groups[g].members.size());
    }
    const Json summary = summary_of(p, values);
    EXPECT_EQ(summary["n_diverged"], networks);
    for (const auto& [key, value] : summary.items()) {
      const bool independent = key == "detail" || key == "n_diverged" || key == "chance" ||
                               key == "heldout_mask" || key == "neighbour_vote" ||
                               key.starts_with("bayes_") || key.starts_with("bound_20_over_") ||
                               key.ends_with("_count") || key == "strong_first_count_epoch0" ||
                               key == "n_configs" || key == "n_runs";
      EXPECT_EQ(value.is_null(), !independent) << documented.experiment << " " << key;
    }
    for (const char* count : {"strong_first_count", "strong_first_count_epoch0", "ratio_gt1_count",
                              "n_configs", "n_runs"}) {
      EXPECT_EQ(summary.value(count, 0), 0);
    }
    EXPECT_EQ(summary.dump().find("nan"), std::string::npos);
  }
}

TEST(Summary, OneDivergedNetworkIsLeftOutOfMeans) {
  Planned p = planned("compgen");
  std::vector<GroupValues> values = synthetic_values(p.plan);
  diverge(p.plan, values, 4, 1);  // trial 0, W32: its value at epoch 0 does not count either
  double accuracy = 0;
  double initial = 0;
  for (std::size_t trial = 0; trial < 3; ++trial) {
    for (std::size_t n = 0; n < 9; ++n) {
      if (trial == 0 && n == 4) continue;
      initial += values[trial * 36 + n][1];
      accuracy += values[trial * 36 + n][3 + 1];
    }
  }
  const Json summary = summary_of(p, values);
  EXPECT_EQ(summary["n_diverged"], 1);
  EXPECT_NEAR(summary["id_acc_w32"].get<double>(), accuracy / 26, 1e-14);
  EXPECT_NEAR(summary["id_acc_w32_init"].get<double>(), initial / 26, 1e-14);
  EXPECT_EQ(summary["detail"]["networks"]["diverged"][4], 1);
}

TEST(Summary, CompgenGapsAndMonotonicity) {
  Planned p = planned("compgen");
  std::vector<GroupValues> values = synthetic_values(p.plan);
  for (std::size_t g = 0; g < values.size(); ++g) {
    const std::size_t width = g % 36 / 9;
    const double trial = static_cast<double>(g / 36);
    // Gap at the end: .1, .2, .4 and, beyond the published widths, .3; W64 differs by trial.
    const double gap = std::vector<double>{.1, .2, .4, .3}[width] + (width == 1 ? .01 * trial : 0);
    values[g] = {.5, .5, .5, 1, .9, .9 - gap};
  }
  const Json summary = summary_of(p, values);
  EXPECT_NEAR(summary["gap_w32"].get<double>(), .1, 1e-12);
  EXPECT_NEAR(summary["gap_w32_init"].get<double>(), 0, 1e-12);
  EXPECT_NEAR(summary["gap_diff_w64_w32"].get<double>(), .11, 1e-12);
  EXPECT_NEAR(summary["gap_diff_w128_w32"].get<double>(), .3, 1e-12);
  EXPECT_EQ(summary["monotone"], 1);
  const Json& regularizer = summary["detail"]["regularizers"][0];
  EXPECT_EQ(regularizer["monotone_all_widths"], 0);
  EXPECT_EQ(regularizer["monotone_by_trial"], Json::array({1, 1, 1}));
  EXPECT_NEAR(regularizer["gap_diff_w64_w32_sd"].get<double>(), .01, 1e-12);
  EXPECT_NEAR(regularizer["gap_diff_w64_w32_t"].get<double>(), .11 / (.01 / std::sqrt(3)), 1e-9);
}

TEST(Summary, RegularizedReportsEveryRegularizerAndTheFirstFlat) {
  Planned p = planned("compgen", "regularized");
  std::vector<GroupValues> values = synthetic_values(p.plan);
  for (std::size_t g = 0; g < values.size(); ++g) {
    values[g][5] = .1 * static_cast<double>(g % 5);  // final OOD accuracy
  }
  const Json summary = summary_of(p, values);
  const Json& regularizers = summary["detail"]["regularizers"];
  ASSERT_EQ(regularizers.size(), 5u);
  for (std::size_t r = 0; r < 5; ++r) {
    const double accuracy = regularizers[r]["ood_acc_w128"].get<double>();
    EXPECT_NEAR(accuracy, .1 * static_cast<double>(r), 1e-12);
  }
  EXPECT_EQ(regularizers[2]["dropout"], .4);
  EXPECT_EQ(regularizers[4]["weight_decay"], .05);
  EXPECT_EQ(summary["ood_acc_w128"], regularizers[0]["ood_acc_w128"]);
}

TEST(Summary, FeatcompStrongFirstAndRatios) {
  Planned p = planned("featcompv2", "default",
                      Json::object({{"widths", Json::array({32})}, {"epochs", 40}}));
  ASSERT_EQ(p.plan.groups.size(), 3u);
  std::vector<GroupValues> values(3);
  // Probe A accuracies of strong, medium, weak at epochs 0, 20, 40.
  const double probe_a[3][3][3] = {
      {{.9, .1, .1}, {.9, .9, .1}, {.9, .9, .1}},   // strong at epoch 0
      {{.1, .1, .1}, {.8, .8, .1}, {.9, .9, .1}},   // strong and medium at 20
      {{.1, .1, .9}, {.1, .1, .9}, {.9, .1, .9}}};  // weak before strong
  for (std::size_t g = 0; g < 3; ++g) {
    for (std::size_t m = 0; m < 3; ++m) {
      std::vector<double> point(23, .5);
      point[4] = static_cast<double>(g + m);  // gradient of the strong group; weak: .5
      for (std::size_t k = 0; k < 3; ++k) point[13 + k] = probe_a[g][m][k];
      values[g].insert(values[g].end(), point.begin(), point.end());
    }
  }
  const Json summary = summary_of(p, values);
  EXPECT_EQ(summary["strong_first_count"], 2);
  EXPECT_EQ(summary["strong_first_count_epoch0"], 1);
  EXPECT_EQ(summary["n_configs"], 3);
  EXPECT_EQ(summary["ratio_gt1_count"], 3);
  EXPECT_NEAR(summary["ratio_epoch0"].get<double>(), 2, 1e-8);
  EXPECT_NEAR(summary["ratio_final"].get<double>(), 6, 1e-8);
  EXPECT_NEAR(summary["ratio_mean"].get<double>(), 4, 1e-8);
  EXPECT_NEAR(summary["ratio_w32"].get<double>(), 4, 1e-8);
  EXPECT_NEAR(summary["ratio_sizecorr_mean"].get<double>(), 1, 1e-8);
  const Json& networks = summary["detail"]["networks"];
  EXPECT_EQ(networks["learned_epoch_strong"], Json::array({0, 20, 40}));
  EXPECT_EQ(networks["learned_epoch_weak"], Json::array({nullptr, nullptr, 0}));
}

TEST(Summary, MicroscaleFindsAPowerLaw) {
  Planned p = planned("microscalev2");
  std::vector<GroupValues> values = synthetic_values(p.plan);
  for (std::size_t g = 0; g < values.size(); ++g) {
    const TrainingRun& run = p.plan.groups[g].members[0];
    const double parameters = static_cast<double>(run.shape.parameters());
    values[g][4 + 2] = std::pow(parameters, -.25) * std::pow(run.samples, -.5);
  }
  const Json summary = summary_of(p, values);
  for (const char* depth : {"1", "2", "3"}) {
    const std::string d(depth);
    EXPECT_NEAR(summary["param_exponent_d" + d].get<double>(), -.25, 1e-12);
    EXPECT_NEAR(summary["data_exponent_d" + d].get<double>(), -.5, 1e-12);
    EXPECT_NEAR(summary["param_r2_d" + d].get<double>(), 1, 1e-12);
  }
  EXPECT_EQ(summary["param_scaling_holds"], 1);
  EXPECT_EQ(summary["data_scaling_holds"], 1);
  EXPECT_EQ(summary["n_runs"], 147);
  EXPECT_GT(summary["bayes_acc"].get<double>(), .9);
  EXPECT_LT(summary["bayes_loss"].get<double>(), .3);
  // The smallest run has the least compute; the largest, the least loss.
  const Json& pareto = summary["detail"]["pareto_networks"];
  EXPECT_EQ(pareto.front(), 0);
  EXPECT_EQ(pareto.back(), 146);
}

TEST(Summary, RandomFeatureConstantIsRecovered) {
  Planned p = planned("repalignv2");
  std::vector<GroupValues> values = synthetic_values(p.plan);
  for (std::size_t g = 0; g < 4; ++g) {
    const double width = p.plan.groups[g].members[0].shape.sizes[1];
    for (std::size_t pair = 8; pair < 14; ++pair) values[g][pair] = 1 / (1 + 12 / width);
  }
  const Json summary = summary_of(p, values);
  EXPECT_NEAR(summary["random_feature_c"].get<double>(), 12, 1e-10);
  EXPECT_NEAR(summary["cka_init_w64"].get<double>(), 1 / (1 + 12 / 64.0), 1e-14);
}

TEST(Summary, PairsOfADivergedNetworkAreLeftOut) {
  Planned p = planned("repalignv2");
  std::vector<GroupValues> values = synthetic_values(p.plan);
  const std::size_t last = 10 * p.plan.groups[0].values_per_measurement;
  values[0][last] = nan;  // test accuracy of network 0
  // Pairs (0,1) (0,2) (0,3) (1,2) (1,3) (2,3): the last three remain.
  const double expected = (values[0][last + 11] + values[0][last + 12] + values[0][last + 13]) / 3;
  const Json summary = summary_of(p, values);
  EXPECT_NEAR(summary["cka_w32"].get<double>(), expected, 1e-14);
  EXPECT_EQ(summary["n_diverged"], 1);
}

TEST(Summary, RefusesValuesOfTheWrongSize) {
  Planned p = planned("featrank");
  std::vector<GroupValues> values = synthetic_values(p.plan);
  values[3].pop_back();
  EXPECT_THROW(summary_of(p, values), std::invalid_argument);
  values.pop_back();
  EXPECT_THROW(summary_of(p, values), std::invalid_argument);
}

}  // namespace
}  // namespace axiom
