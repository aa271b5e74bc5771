// Feature rank dynamics: how many directions do hidden layers use, by width and over training?

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "client/experiments/classification.h"
#include "client/experiments/combinations.h"
#include "client/experiments/configuration.h"
#include "client/experiments/datasets.h"
#include "client/experiments/parameters.h"
#include "client/experiments/registry.h"
#include "client/experiments/results.h"
#include "client/experiments/spectrum.h"
#include "client/experiments/statistics.h"
#include "client/experiments/trials.h"

namespace axiom {

namespace {

constexpr Task task{combination_features, 2};
constexpr int train_samples = 1000;
constexpr int test_samples = 500;
constexpr std::size_t datasets_per_trial = 2;

constexpr std::array<std::string_view, 13> value_names = {
    "id_acc",      "eff_rank",    "stable_rank", "part_ratio",     "top1_var",
    "top5_var",    "top10_var",   "eff_rank_l2", "stable_rank_l2", "part_ratio_l2",
    "top1_var_l2", "top5_var_l2", "top10_var_l2"};
constexpr std::size_t eff_rank = 1;
constexpr std::size_t eff_rank_l2 = 7;
constexpr std::size_t measures_per_layer = 6;
/// Reported under their own names at the final epoch.
constexpr std::array<std::size_t, 7> reported = {0, 1, 2, 3, 4, 5, 6};

std::vector<Configuration> configurations(const Parameters& parameters) {
  const double rate = number_value(parameters, "learning_rate");
  std::vector<Configuration> list;
  for (const int width : integer_list(parameters, "widths")) {
    list.push_back({{width, width}, rate, 0, 0, train_samples});
  }
  return list;
}

std::vector<int> measured_epochs(const Parameters& parameters) {
  const int epochs = integer_value(parameters, "epochs");
  std::vector<int> measured;
  for (const int epoch : {0, 1, 2, 5, 10, 20, 30, 40, 50}) {
    if (epoch < epochs) measured.push_back(epoch);
  }
  measured.push_back(epochs);
  return measured;
}

class Featrank final : public DescribedExperiment {
 public:
  Featrank()
      : DescribedExperiment("featrank",
                            {widths_spec({32, 64, 128, 256}), learning_rate_spec(.01),
                             batch_spec(32), epochs_spec(50), trials_spec()},
                            {preset("default"), preset("small", {{"epochs", 20}, {"trials", 2}})}) {
  }

  SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const override {
    const auto group = [&](TrainingRun run, TrialDatasets datasets) -> Group {
      run.evaluation_sets.push_back(evaluation_set(datasets[1], {1, 2}));
      run.evaluation_sets.back().use = ActivationUse::spectra;
      return {{run}, steps_at(measured_epochs(parameters), run), value_names.size()};
    };
    return plan_trials(parameters, seed, task, configurations(parameters),
                       std::array{train_samples, test_samples}, group);
  }

  void generate(const Parameters&, SeedPlan& plan) const override {
    for (std::size_t i = 0; i < plan.datasets.size(); ++i) {
      generate_combinations(plan.seed, static_cast<std::uint32_t>(i / datasets_per_trial),
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
    values[0] = accuracy(predictions_of(run, 0, members[0]));
    const std::vector<std::vector<double>> squared =
        squared_singular_values(members[0].evaluations[0], test_samples, width, matrix_ops);
    for (std::size_t layer = 0; layer < squared.size(); ++layer) {
      const RankMeasures m = rank_measures(squared[layer]);
      const std::array<double, measures_per_layer> in_order = {
          m.effective_rank, m.stable_rank, m.participation_ratio,
          m.top1_share,     m.top5_share,  m.top10_share};
      std::copy(in_order.begin(), in_order.end(),
                values.begin() + 1 + static_cast<std::ptrdiff_t>(layer * measures_per_layer));
    }
  }

  std::size_t measure_bytes(const SeedPlan& plan, std::size_t group) const override {
    return singular_values_bytes(test_samples, plan.groups[group].members[0].shape.sizes[1]);
  }

  Json summarize(const Parameters& parameters, const SeedPlan& plan,
                 std::span<const GroupValues> group_values) const override {
    const NetworkValues values(plan, group_values, value_names.size());
    const std::vector<Configuration> grid = configurations(parameters);
    Json detail = {{"epochs", measured_epochs(parameters)}};
    detail["networks"] = network_table(values, grid, value_names);

    Json summary = Json::object();
    std::vector<double> final_ratios;
    std::vector<double> initial_ratios;
    for (std::size_t c = 0; c < grid.size(); ++c) {
      const int width = grid[c].width();
      const auto over_trials = [&](std::size_t measurement, std::size_t value) {
        return mean_over_trials(values, grid.size(), c, measurement, value);
      };
      const std::size_t final_measurement = values.measurements(c) - 1;
      for (const std::size_t v : reported) {
        summary[width_key(value_names[v], width)] = number(over_trials(final_measurement, v));
      }
      const double ratio = over_trials(final_measurement, eff_rank) / width;
      const double initial_ratio = over_trials(0, eff_rank) / width;
      final_ratios.push_back(ratio);
      initial_ratios.push_back(initial_ratio);
      summary[width_key("rank_ratio", width)] = number(ratio);
      summary[width_key("rank_ratio_init", width)] = number(initial_ratio);
      summary[width_key("rank_ratio_change", width)] = number(ratio - initial_ratio);
      summary[width_key("rank_ratio_l2", width)] =
          number(over_trials(final_measurement, eff_rank_l2) / width);
      Json course = Json::array();
      Json course_l2 = Json::array();
      for (std::size_t m = 0; m <= final_measurement; ++m) {
        course.push_back(number(over_trials(m, eff_rank) / width));
        course_l2.push_back(number(over_trials(m, eff_rank_l2) / width));
      }
      detail[width_key("rank_ratio", width)] = std::move(course);
      detail[width_key("rank_ratio_l2", width)] = std::move(course_l2);
    }
    summary["monotone_final"] = flag(strictly_falling(final_ratios));
    summary["monotone_init"] = flag(strictly_falling(initial_ratios));
    summary["n_diverged"] = values.diverged_count();
    summary["detail"] = std::move(detail);
    return summary;
  }
};

}  // namespace

const Experiment& featrank() {
  static const Featrank experiment;
  return experiment;
}

}  // namespace axiom
