// Neuron specialization: do the neurons of wider networks attend to fewer inputs?

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "client/experiments/classification.h"
#include "client/experiments/configuration.h"
#include "client/experiments/datasets.h"
#include "client/experiments/parameters.h"
#include "client/experiments/registry.h"
#include "client/experiments/results.h"
#include "client/experiments/trials.h"
#include "client/experiments/weight_measures.h"

namespace axiom {

namespace {

constexpr int features = 20;
constexpr int inputs_per_group = 5;
constexpr Task task{features, 2};
constexpr int train_samples = 1000;
constexpr int test_samples = 500;
constexpr std::size_t datasets_per_trial = 2;

constexpr std::array<std::string_view, 9> value_names = {
    "test_acc", "selectivity",   "alignment", "redundancy",  "redundancy_signed",
    "eff_dim",  "eff_dim_ratio", "act_sel",   "act_sel_mean"};

std::vector<Configuration> configurations(const Parameters& parameters) {
  const double rate = number_value(parameters, "learning_rate");
  std::vector<Configuration> list;
  for (const int width : integer_list(parameters, "widths")) {
    list.push_back({{width}, rate, 0, 0, train_samples});
  }
  return list;
}

class Neuronspec final : public DescribedExperiment {
 public:
  Neuronspec()
      : DescribedExperiment("neuronspec",
                            {widths_spec({32, 64, 128, 256}), learning_rate_spec(.05),
                             batch_spec(32), epochs_spec(50), trials_spec()},
                            {preset("default"), preset("small")}) {}

  SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const override {
    const auto group = [](TrainingRun run, TrialDatasets datasets) -> Group {
      run.evaluation_sets.push_back(evaluation_set(datasets[1], {1}));
      run.evaluation_sets.back().use = ActivationUse::correlations;
      return {{run}, {0, run.steps}, value_names.size()};
    };
    return plan_trials(parameters, seed, task, configurations(parameters),
                       std::array{train_samples, test_samples}, group);
  }

  void generate(const Parameters&, SeedPlan& plan) const override {
    for (std::size_t i = 0; i < plan.datasets.size(); ++i) {
      generate_sign_xor(plan.seed, static_cast<std::uint32_t>(i / datasets_per_trial),
                        i % datasets_per_trial == 0 ? Split::train : Split::test,
                        *plan.datasets[i]);
    }
  }

  void measure(const Parameters&, const SeedPlan& plan, std::size_t group, std::size_t,
               std::span<const Snapshot> members, const MatrixOps& matrix_ops,
               std::span<double> values) const override {
    std::fill(values.begin(), values.end(), std::numeric_limits<double>::quiet_NaN());
    if (members[0].diverged) return;
    const TrainingRun& run = plan.groups[group].members[0];
    const int width = run.shape.sizes[1];
    const WeightMeasures w =
        weight_measures(members[0].parameters.subspan(run.shape.weight_offset(0)), features, width,
                        inputs_per_group, matrix_ops);
    const ActivationSelectivity a =
        activation_selectivity(members[0].evaluations[0], run.evaluation_sets[0].data->inputs,
                               test_samples, width, features, matrix_ops);
    const std::array<double, value_names.size()> in_order = {
        accuracy(predictions_of(run, 0, members[0])),
        w.selectivity,
        w.alignment,
        w.redundancy,
        w.redundancy_signed,
        w.effective_dimensionality,
        w.effective_dimensionality / width,
        a.best,
        a.mean};
    std::copy(in_order.begin(), in_order.end(), values.begin());
  }

  std::size_t measure_bytes(const SeedPlan& plan, std::size_t group) const override {
    return weight_measures_bytes(test_samples, plan.groups[group].members[0].shape.sizes[1],
                                 features);
  }

  Json summarize(const Parameters& parameters, const SeedPlan& plan,
                 std::span<const GroupValues> group_values) const override {
    const NetworkValues values(plan, group_values, value_names.size());
    const std::vector<Configuration> grid = configurations(parameters);
    Json summary = Json::object();
    for (std::size_t c = 0; c < grid.size(); ++c) {
      for (std::size_t v = 0; v < value_names.size(); ++v) {
        const std::string key = width_key(value_names[v], grid[c].width());
        summary[key] =
            number(mean_over_trials(values, grid.size(), c, values.measurements(c) - 1, v));
        summary[key + "_init"] = number(mean_over_trials(values, grid.size(), c, 0, v));
      }
      summary[width_key("bound_20_over", grid[c].width())] =
          static_cast<double>(features) / grid[c].width();
    }
    summary["n_diverged"] = values.diverged_count();
    summary["detail"] = {{"epochs", {0, integer_value(parameters, "epochs")}},
                         {"networks", network_table(values, grid, value_names)}};
    return summary;
  }
};

}  // namespace

const Experiment& neuronspec() {
  static const Neuronspec experiment;
  return experiment;
}

}  // namespace axiom
