// Micro scaling laws: does the test loss follow power laws in parameters and data?

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "client/experiments/classification.h"
#include "client/experiments/configuration.h"
#include "client/experiments/datasets.h"
#include "client/experiments/mixture_bayes.h"
#include "client/experiments/parameters.h"
#include "client/experiments/registry.h"
#include "client/experiments/results.h"
#include "client/experiments/scaling_laws.h"
#include "client/experiments/statistics.h"

namespace axiom {

namespace {

constexpr int features = 10;
constexpr int classes = 5;
constexpr Task task{features, classes};
constexpr int train_samples = 5000;
constexpr int test_samples = 1000;

std::vector<int> sample_counts(const Parameters& parameters) {
  std::vector<int> counts;
  for (const double fraction : number_list(parameters, "fractions")) {
    counts.push_back(static_cast<int>(std::floor(train_samples * fraction + 0.5)));
  }
  return counts;
}

std::vector<Configuration> configurations(const Parameters& parameters) {
  const double rate = number_value(parameters, "learning_rate");
  std::vector<Configuration> list;
  for (const int depth : integer_list(parameters, "depths")) {
    for (const int width : integer_list(parameters, "widths")) {
      for (const int samples : sample_counts(parameters)) {
        list.push_back(
            {std::vector<int>(static_cast<std::size_t>(depth), width), rate, 0, 0, samples});
      }
    }
  }
  return list;
}

class Microscalev2 final : public DescribedExperiment {
 public:
  Microscalev2()
      : DescribedExperiment("microscalev2",
                            {widths_spec({8, 16, 32, 64, 128, 256, 512}), depths_spec(),
                             learning_rate_spec(.01), batch_spec(64), epochs_spec(300),
                             number_list_spec("fractions", {.05, .1, .2, .4, .6, .8, 1}, .01, 1, 8),
                             integer_spec("fixed_steps", 0, 0, 1)},
                            {preset("default"),
                             preset("small", {{"widths", std::vector<int>{8, 16, 32, 64}},
                                              {"depths", std::vector<int>{1, 2}},
                                              {"epochs", 60}}),
                             preset("fixed-steps", {{"fixed_steps", 1}})}) {}

  SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const override {
    SeedPlan plan;
    plan.seed = seed;
    plan.datasets = {sized_dataset(train_samples, features), sized_dataset(test_samples, features)};
    const std::vector<Configuration> grid = configurations(parameters);
    std::uint64_t most_steps = 0;
    for (std::size_t network = 0; network < grid.size(); ++network) {
      TrainingRun run =
          make_run(task, grid[network], {seed, 0, network}, plan.datasets[0],
                   integer_value(parameters, "batch"), integer_value(parameters, "epochs"));
      run.evaluation_sets = {evaluation_set(plan.datasets[0]), evaluation_set(plan.datasets[1])};
      run.evaluation_sets[0].samples = run.samples;
      most_steps = std::max(most_steps, run.steps);
      plan.groups.push_back({{std::move(run)}, {}, scaling_values.size()});
    }
    for (Group& group : plan.groups) {
      TrainingRun& run = group.members[0];
      if (integer_value(parameters, "fixed_steps") == 1) run.steps = most_steps;
      group.measured_steps = {0, run.steps};
    }
    return plan;
  }

  void generate(const Parameters&, SeedPlan& plan) const override {
    generate_mixture(plan.seed, Split::train, classes, *plan.datasets[0]);
    generate_mixture(plan.seed, Split::test, classes, *plan.datasets[1]);
  }

  void measure(const Parameters&, const SeedPlan& plan, std::size_t group, std::size_t,
               std::span<const Snapshot> members, const MatrixOps&,
               std::span<double> values) const override {
    std::fill(values.begin(), values.end(), std::numeric_limits<double>::quiet_NaN());
    if (members[0].diverged) return;
    for (std::size_t set = 0; set < 2; ++set) {
      const Predictions predictions =
          predictions_of(plan.groups[group].members[0], set, members[0]);
      values[2 * set] = cross_entropy(predictions);
      values[2 * set + 1] = accuracy(predictions);
    }
  }

  std::size_t measure_bytes(const SeedPlan&, std::size_t) const override { return 0; }

  Json summarize(const Parameters& parameters, const SeedPlan& plan,
                 std::span<const GroupValues> group_values) const override {
    const NetworkValues values(plan, group_values, scaling_values.size());
    const LossGrid grid(values, integer_list(parameters, "widths").size(),
                        sample_counts(parameters));
    Json detail = {{"networks", network_table(values, configurations(parameters), scaling_values)}};
    for (std::size_t n = 0; n < values.networks(); ++n) {
      const TrainingRun& run = values.run(n);
      detail["networks"]["samples"].push_back(run.samples);
      detail["networks"]["steps"].push_back(run.steps);
      detail["networks"]["parameters"].push_back(run.shape.parameters());
      detail["networks"]["compute"].push_back(training_compute(run));
    }
    detail["pareto_networks"] = grid.pareto_frontier();

    Json summary = Json::object();
    const std::vector<int> depths = integer_list(parameters, "depths");
    for (const bool by_data : {false, true}) {
      const std::string kind = by_data ? "data" : "param";
      std::vector<double> exponents;
      std::vector<double> r_squared;
      for (std::size_t d = 0; d < depths.size(); ++d) {
        const LinearFit fit = by_data ? grid.data_fit(d) : grid.parameter_fit(d);
        exponents.push_back(fit.slope);
        r_squared.push_back(fit.r_squared);
        const std::string suffix = "_d" + std::to_string(depths[d]);
        summary[kind + "_exponent" + suffix] = number(fit.slope);
        summary[kind + "_r2" + suffix] = number(fit.r_squared);
        detail[kind + "_fits"].push_back(fit_json(fit));
        if (!by_data) continue;
        Json by_width = Json::array();
        for (std::size_t w = 0; w < grid.widths(); ++w) {
          by_width.push_back(fit_json(grid.data_fit_of_width(d, w)));
        }
        detail["data_fits_by_width"].push_back(std::move(by_width));
      }
      summary[kind + "_r2_mean"] = number(mean(r_squared));
      summary[kind + "_scaling_holds"] = flag(scaling_holds(exponents, r_squared));
    }
    const auto test = sized_dataset(test_samples, features);
    generate_mixture(plan.seed, Split::test, classes, *test);
    const BayesScore bayes =
        bayes_score(*test, mixture_centres(plan.seed, classes, features), classes);
    summary["bayes_loss"] = number(bayes.loss);
    summary["bayes_acc"] = number(bayes.accuracy);
    summary["n_runs"] = static_cast<int>(values.networks()) - values.diverged_count();
    summary["n_diverged"] = values.diverged_count();
    summary["detail"] = std::move(detail);
    return summary;
  }
};

}  // namespace

const Experiment& microscalev2() {
  static const Microscalev2 experiment;
  return experiment;
}

}  // namespace axiom
