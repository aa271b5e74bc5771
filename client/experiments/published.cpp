#include "client/experiments/published.h"

namespace axiom {

namespace {

constexpr PublishedValue compgen_values[] = {
    {"gap_w32", ".645–.652"},
    {"gap_w64", ".663–.671"},
    {"gap_w128", ".679–.682"},
    {"monotone", "1 in 89 % of 18 seeds"},
};
constexpr PublishedValue featrank_values[] = {
    {"eff_rank_w32", "21.5"},
    {"eff_rank_w64", "38.0"},
    {"eff_rank_w128", "63.8"},
    {"eff_rank_w256", "100.9"},
    {"rank_ratio_w32", ".672 ± .027"},
    {"rank_ratio_w64", ".593 ± .021"},
    {"rank_ratio_w128", ".498 ± .017"},
    {"rank_ratio_w256", ".394 ± .014"},
    {"monotone_final", "1 in 14 of 14 seeds"},
};
constexpr PublishedValue neuronspec_values[] = {
    {"selectivity_w32", ".654"},
    {"selectivity_w256", ".670"},
    {"alignment_w32", ".364"},
    {"alignment_w256", ".343"},
    {"redundancy_w32", ".205 (one seed)"},
    {"redundancy_w64", ".185 (one seed)"},
    {"redundancy_w128", ".182 (one seed)"},
    {"redundancy_w256", ".182 (one seed)"},
    {"eff_dim_ratio_w32", ".281"},
    {"eff_dim_ratio_w64", ".205"},
    {"eff_dim_ratio_w128", ".127"},
    {"eff_dim_ratio_w256", ".071"},
};
constexpr PublishedValue featcompv2_values[] = {
    {"ratio_mean", "≈ 1.45 (18 seeds)"}, {"ratio_w32", "1.12 (seed 42)"},
    {"ratio_w64", "1.41 (seed 42)"},     {"ratio_w128", "1.33 (seed 42)"},
    {"ratio_w256", "1.71 (seed 42)"},    {"strong_first_count", "all (216 of 216 over 18 seeds)"},
};
constexpr PublishedValue repalignv2_values[] = {
    {"cka_w32", ".791 (42 seeds)"},
    {"cka_w64", ".882 (42 seeds)"},
    {"cka_w128", ".941 (42 seeds)"},
    {"cka_w256", ".968 (42 seeds)"},
};
constexpr PublishedValue microscalev2_values[] = {
    {"param_exponent_d1", "−.10…−.23 (seed 42, all depths)"},
    {"param_exponent_d2", "−.10…−.23 (seed 42, all depths)"},
    {"param_exponent_d3", "−.10…−.23 (seed 42, all depths)"},
    {"data_exponent_d1", "−.67…−.80 (seed 42, all depths)"},
    {"data_exponent_d2", "−.67…−.80 (seed 42, all depths)"},
    {"data_exponent_d3", "−.67…−.80 (seed 42, all depths)"},
    {"param_r2_mean", ".492 (seed 42)"},
    {"data_r2_mean", ".967 (seed 42)"},
    {"param_scaling_holds", "1 in 14 % of 120 seeds"},
    {"data_scaling_holds", "1 in 96 % of 120 seeds"},
};

struct Table {
  std::string_view experiment;
  std::span<const PublishedValue> values;
};
constexpr Table tables[] = {
    {"compgen", compgen_values},       {"featrank", featrank_values},
    {"neuronspec", neuronspec_values}, {"featcompv2", featcompv2_values},
    {"repalignv2", repalignv2_values}, {"microscalev2", microscalev2_values},
};

}  // namespace

std::span<const PublishedValue> published_values(std::string_view experiment) {
  for (const Table& table : tables) {
    if (table.experiment == experiment) return table.values;
  }
  return {};
}

}  // namespace axiom
