// Feature competition dynamics: do strong features starve weak ones of gradient
// (Pezeshki et al. 2021)? The measures themselves: feature_competition.h.

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "client/experiments/configuration.h"
#include "client/experiments/datasets.h"
#include "client/experiments/feature_competition.h"
#include "client/experiments/parameters.h"
#include "client/experiments/registry.h"
#include "client/experiments/results.h"
#include "client/experiments/statistics.h"

namespace axiom {

namespace {

constexpr Task task{signal_features, 1, Loss::sigmoid_cross_entropy};
constexpr int train_samples = 1000;
constexpr int test_samples = 300;
constexpr int hidden_layers = 3;
constexpr double learned_accuracy = .8;

std::vector<Configuration> configurations(const Parameters& parameters) {
  std::vector<Configuration> list;
  for (const int width : integer_list(parameters, "widths")) {
    for (const double rate : number_list(parameters, "learning_rates")) {
      list.push_back({{width, width, width}, rate, 0, 0, train_samples});
    }
  }
  return list;
}

std::vector<int> measured_epochs(const Parameters& parameters) {
  return regular_epochs(integer_value(parameters, "epochs"),
                        integer_value(parameters, "measure_every"));
}

/// What one configuration contributes to the seed's numbers.
struct Course {
  std::array<std::vector<double>, ratio_kinds> ratios;  ///< by measured epoch
  std::array<int, signal_groups.size()> learned_at;     ///< measurement, or that of none: no_epoch

  static constexpr int no_epoch = std::numeric_limits<int>::max();

  bool strong_first() const {
    return learned_at[strong] != no_epoch && learned_at[strong] <= learned_at[medium] &&
           learned_at[strong] <= learned_at[weak];
  }
};

Course course_of(const NetworkValues& values, std::size_t network) {
  Course course;
  course.learned_at.fill(Course::no_epoch);
  for (std::size_t m = 0; m < values.measurements(network); ++m) {
    const auto value = [&](std::size_t v) { return values.at(network, m, v); };
    for (std::size_t kind = 0; kind < ratio_kinds; ++kind) {
      const std::size_t base = first_group_value(kind);
      course.ratios[kind].push_back(value(base + strong) / (value(base + weak) + 1e-10));
    }
    for (std::size_t g = 0; g < signal_groups.size(); ++g) {
      if (course.learned_at[g] == Course::no_epoch &&
          value(first_probe_a_value + g) >= learned_accuracy) {
        course.learned_at[g] = static_cast<int>(m);
      }
    }
  }
  return course;
}

class Featcompv2 final : public DescribedExperiment {
 public:
  Featcompv2()
      : DescribedExperiment(
            "featcompv2",
            {widths_spec({32, 64, 128, 256}), learning_rates_spec(), epochs_spec(300),
             measure_every_spec(20)},
            {preset("default"),
             preset("small", {{"epochs", 60}, {"learning_rates", std::vector<double>{.05, .1}}})}) {
  }

  SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const override {
    SeedPlan plan;
    plan.seed = seed;
    // Train, test; then the two with only one group's features left, for each group.
    for (std::size_t i = 0; i <= signal_groups.size(); ++i) {
      for (const int samples : {train_samples, test_samples}) {
        plan.datasets.push_back(sized_dataset(samples, signal_features));
        // Each group's sum; where only one group is left, the label.
        plan.datasets.back()->signs_per_sample =
            i == 0 ? static_cast<int>(signal_groups.size()) : 1;
      }
    }
    const std::vector<Configuration> grid = configurations(parameters);
    for (std::size_t network = 0; network < grid.size(); ++network) {
      TrainingRun run = make_run(task, grid[network], {seed, 0, network}, plan.datasets[0], 0,
                                 integer_value(parameters, "epochs"));
      for (const auto& data : plan.datasets) {
        run.evaluation_sets.push_back(evaluation_set(data, {hidden_layers}));
        run.evaluation_sets.back().use = run.evaluation_sets.size() % 2 == 1
                                             ? ActivationUse::linear_probe_fit
                                             : ActivationUse::linear_probe_test;
      }
      run.evaluation_sets[0].input_gradients = true;
      run.evaluation_sets[0].first_layer_gradient = true;
      run.evaluation_sets[0].sums = competition_sums(run.shape, train_samples);
      plan.groups.push_back(
          {{run}, steps_at(measured_epochs(parameters), run), competition_values.size()});
    }
    return plan;
  }

  void generate(const Parameters&, SeedPlan& plan) const override {
    generate_signals(plan.seed, Split::train, signal_groups, *plan.datasets[0]);
    generate_signals(plan.seed, Split::test, signal_groups, *plan.datasets[1]);
    for (std::size_t g = 0; g < signal_groups.size(); ++g) {
      for (std::size_t split = 0; split < 2; ++split) {
        Dataset& kept = *plan.datasets[2 * (g + 1) + split];
        keep_features(*plan.datasets[split], signal_groups[g].range, kept);
        kept.signs = label_signs(kept);
      }
    }
    for (std::size_t split = 0; split < 2; ++split) {
      plan.datasets[split]->signs = sum_signs(*plan.datasets[split]);
    }
  }

  void measure(const Parameters&, const SeedPlan& plan, std::size_t group, std::size_t,
               std::span<const Snapshot> members, const MatrixOps& matrix_ops,
               std::span<double> values) const override {
    std::fill(values.begin(), values.end(), std::numeric_limits<double>::quiet_NaN());
    if (members[0].diverged) return;
    measure_competition(plan.groups[group].members[0], members[0], matrix_ops, values);
  }

  std::size_t measure_bytes(const SeedPlan& plan, std::size_t group) const override {
    return measure_competition_bytes(plan.groups[group].members[0]);
  }

  Json summarize(const Parameters& parameters, const SeedPlan& plan,
                 std::span<const GroupValues> group_values) const override {
    const NetworkValues values(plan, group_values, competition_values.size());
    const std::vector<Configuration> grid = configurations(parameters);
    const std::vector<int> epochs = measured_epochs(parameters);
    Json networks = network_table(values, grid, competition_values);

    std::array<std::vector<double>, ratio_kinds> ratios;  // by configuration
    std::vector<double> first_ratios;
    std::vector<double> last_ratios;
    int strong_first = 0;
    int strong_first_epoch0 = 0;
    int above_one = 0;
    for (std::size_t n = 0; n < values.networks(); ++n) {
      const Course course = course_of(values, n);
      for (std::size_t kind = 0; kind < ratio_kinds; ++kind) {
        ratios[kind].push_back(mean(course.ratios[kind]));
        networks[std::string(ratio_names[kind])].push_back(numbers(course.ratios[kind]));
        networks[std::string(ratio_names[kind]) + "_mean"].push_back(number(ratios[kind].back()));
      }
      first_ratios.push_back(course.ratios[0].front());
      last_ratios.push_back(course.ratios[0].back());
      strong_first += course.strong_first();
      strong_first_epoch0 += course.strong_first() && course.learned_at[strong] == 0;
      above_one += ratios[0].back() > 1;
      for (std::size_t g = 0; g < signal_groups.size(); ++g) {
        const int m = course.learned_at[g];
        networks["learned_epoch_" + std::string(signal_names[g])].push_back(
            m == Course::no_epoch ? Json(nullptr) : Json(epochs[static_cast<std::size_t>(m)]));
      }
      networks["strong_first"].push_back(values.diverged(n) ? Json(nullptr)
                                                            : Json(course.strong_first() ? 1 : 0));
    }

    Json summary = Json::object();
    for (std::size_t kind = 0; kind < ratio_kinds; ++kind) {
      const std::string name(ratio_names[kind]);
      summary[name + "_mean"] = number(mean(ratios[kind]));
      for (const int width : integer_list(parameters, "widths")) {
        std::vector<double> over_rates;
        for (std::size_t n = 0; n < values.networks(); ++n) {
          if (grid[n].width() == width) over_rates.push_back(ratios[kind][n]);
        }
        summary[width_key(name, width)] = number(mean(over_rates));
      }
    }
    summary["ratio_epoch0"] = number(mean(first_ratios));
    summary["ratio_final"] = number(mean(last_ratios));
    summary["strong_first_count"] = strong_first;
    summary["strong_first_count_epoch0"] = strong_first_epoch0;
    summary["ratio_gt1_count"] = above_one;
    summary["n_configs"] = static_cast<int>(values.networks()) - values.diverged_count();
    summary["n_diverged"] = values.diverged_count();
    summary["detail"] = {{"epochs", epochs}, {"networks", std::move(networks)}};
    return summary;
  }
};

}  // namespace

const Experiment& featcompv2() {
  static const Featcompv2 experiment;
  return experiment;
}

}  // namespace axiom
