// Compositional generalization: do wider networks generalise worse to held-out combinations?

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "client/experiments/classification.h"
#include "client/experiments/combinations.h"
#include "client/experiments/compgen_summary.h"
#include "client/experiments/configuration.h"
#include "client/experiments/datasets.h"
#include "client/experiments/parameters.h"
#include "client/experiments/registry.h"
#include "client/experiments/results.h"
#include "client/experiments/statistics.h"
#include "client/experiments/trials.h"

namespace axiom {

namespace {

constexpr Task task{combination_features, 2};
constexpr int train_samples = 1000;
constexpr int test_samples = 500;
constexpr std::array splits = {Split::train, Split::test, Split::ood_test};

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

std::vector<Regularizer> regularizers(const Parameters& parameters) {
  if (parameters.preset == "regularized") return {{0, 0}, {.2, 0}, {.4, 0}, {0, .01}, {0, .05}};
  return {{number_value(parameters, "dropout"), number_value(parameters, "weight_decay")}};
}

std::vector<Configuration> configurations(const Parameters& parameters) {
  std::vector<Configuration> list;
  for (const int width : integer_list(parameters, "widths")) {
    for (const int depth : integer_list(parameters, "depths")) {
      for (const double rate : number_list(parameters, "learning_rates")) {
        for (const auto& [dropout, decay] : regularizers(parameters)) {
          list.push_back({std::vector<int>(static_cast<std::size_t>(depth), width), rate, dropout,
                          decay, train_samples});
        }
      }
    }
  }
  return list;
}

class Compgen final : public DescribedExperiment {
 public:
  Compgen()
      : DescribedExperiment(
            "compgen",
            {widths_spec({32, 64, 128, 256}), depths_spec(), learning_rates_spec(), batch_spec(32),
             epochs_spec(150), trials_spec(), number_spec("dropout", 0, 0, .9),
             number_spec("weight_decay", 0, 0, 1)},
            {preset("default"),
             preset("small", {{"epochs", 30},
                              {"widths", std::vector<int>{32, 64, 128}},
                              {"depths", std::vector<int>{1, 2}},
                              {"learning_rates", std::vector<double>{.05, .1}}}),
             preset("regularized",
                    {{"depths", std::vector<int>{2}}, {"learning_rates", std::vector<double>{.01}}},
                    {"dropout", "weight_decay"})}) {}

  SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const override {
    const auto group = [](TrainingRun run, TrialDatasets datasets) -> Group {
      for (const auto& data : datasets) run.evaluation_sets.push_back(evaluation_set(data));
      return {{run}, {0, run.steps}, compgen_values.size()};
    };
    return plan_trials(parameters, seed, task, configurations(parameters),
                       std::array{train_samples, test_samples, test_samples}, group);
  }

  void generate(const Parameters&, SeedPlan& plan) const override {
    for (std::size_t i = 0; i < plan.datasets.size(); ++i) {
      generate_combinations(plan.seed, static_cast<std::uint32_t>(i / splits.size()),
                            splits[i % splits.size()], *plan.datasets[i]);
    }
  }

  void measure(const Parameters&, const SeedPlan& plan, std::size_t group, std::size_t,
               std::span<const Snapshot> members, const MatrixOps&,
               std::span<double> values) const override {
    std::fill(values.begin(), values.end(), undefined);
    if (members[0].diverged) return;
    const TrainingRun& run = plan.groups[group].members[0];
    for (std::size_t p = 0; p < run.evaluation_sets.size(); ++p) {
      values[p] = accuracy(predictions_of(run, p, members[0]));
    }
  }

  std::size_t measure_bytes(const SeedPlan&, std::size_t) const override { return 0; }

  Json summarize(const Parameters& parameters, const SeedPlan& plan,
                 std::span<const GroupValues> group_values) const override {
    const NetworkValues values(plan, group_values, compgen_values.size());
    Json detail = {{"epochs", {0, integer_value(parameters, "epochs")}}};
    const std::vector<Configuration> grid = configurations(parameters);
    detail["networks"] = network_table(values, grid, compgen_values);
    for (std::size_t n = 0; n < values.networks(); ++n) {
      const Configuration& configuration = grid[values.run(n).network];
      detail["networks"]["dropout"].push_back(configuration.dropout);
      detail["networks"]["weight_decay"].push_back(configuration.weight_decay);
    }
    for (const Regularizer& regularizer : regularizers(parameters)) {
      detail["regularizers"].push_back(
          RegularizerSummary(parameters, grid, values, regularizer).detail());
    }

    Json summary = RegularizerSummary(parameters, grid, values, regularizers(parameters)[0]).flat();
    summary["chance"] = .5;
    summary["n_diverged"] = values.diverged_count();
    unsigned mask = 0;
    std::vector<double> votes;
    for (int trial = 0; trial < integer_value(parameters, "trials"); ++trial) {
      const HeldoutCodes codes = heldout_codes(plan.seed, static_cast<std::uint32_t>(trial));
      mask |= heldout_mask(codes);
      votes.push_back(neighbour_vote(codes));
      detail["trials"]["heldout_codes"].push_back(codes);
      detail["trials"]["heldout_mask"].push_back(heldout_mask(codes));
    }
    detail["trials"]["neighbour_vote"] = numbers(votes);
    summary["heldout_mask"] = mask;
    summary["neighbour_vote"] = number(mean(votes));
    summary["detail"] = std::move(detail);
    return summary;
  }
};

}  // namespace

const Experiment& compgen() {
  static const Compgen experiment;
  return experiment;
}

}  // namespace axiom
