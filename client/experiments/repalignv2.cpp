// Representation alignment: do independently trained networks agree more the wider they are?

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "client/arithmetic/ops.h"
#include "client/experiments/alignment.h"
#include "client/experiments/cka.h"
#include "client/experiments/classification.h"
#include "client/experiments/configuration.h"
#include "client/experiments/datasets.h"
#include "client/experiments/parameters.h"
#include "client/experiments/registry.h"
#include "client/experiments/results.h"
#include "client/experiments/statistics.h"
#include "client/plan/initial_parameters.h"

namespace axiom {

namespace {

constexpr int features = 20;
constexpr int classes = 5;
constexpr Task task{features, classes};
constexpr int train_samples = 1000;
constexpr int test_samples = 300;

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// The hidden layers of each group: the single-layer ones, then [64, 32].
std::vector<std::vector<int>> architectures(const Parameters& parameters) {
  std::vector<std::vector<int>> list;
  for (const int width : integer_list(parameters, "widths")) list.push_back({width});
  list.push_back({64, 32});
  return list;
}

std::vector<int> measured_epochs(const Parameters& parameters) {
  return regular_epochs(integer_value(parameters, "epochs"),
                        integer_value(parameters, "measure_every"));
}

/// Of each network of the trial, in order.
std::vector<Configuration> configurations(const Parameters& parameters) {
  std::vector<Configuration> list;
  for (const std::vector<int>& hidden : architectures(parameters)) {
    for (int n = 0; n < integer_value(parameters, "networks"); ++n) {
      list.push_back({hidden, number_value(parameters, "learning_rate"), 0, 0, train_samples});
    }
  }
  return list;
}

/// Distance of all weight matrices from their initial values, relative to the initial norm.
double weight_distance(const TrainingRun& run, std::span<const float> parameters) {
  std::vector<float> initial;
  initial_parameters(run, initial);
  double moved = 0;
  double start = 0;
  for (int layer = 0; layer < run.shape.layers(); ++layer) {
    const std::size_t first = run.shape.weight_offset(layer);
    for (std::size_t i = first; i < first + run.shape.weights(layer); ++i) {
      const double w0 = initial[i];
      const double difference = static_cast<double>(parameters[i]) - w0;
      moved += difference * difference;
      start += w0 * w0;
    }
  }
  return arithmetic::sqrt(moved) / arithmetic::sqrt(start);
}

/// c of 1/(1 + c/W): least squares through the origin of 1/CKA − 1 against 1/W.
double fitted_constant(std::span<const int> widths, std::span<const double> cka) {
  double numerator = 0;
  double denominator = 0;
  for (std::size_t i = 0; i < cka.size(); ++i) {
    if (!(cka[i] > 0)) continue;
    numerator += (1.0 / cka[i] - 1.0) / widths[i];
    denominator += 1.0 / (static_cast<double>(widths[i]) * widths[i]);
  }
  return denominator > 0 ? numerator / denominator : undefined;
}

class Repalignv2 final : public DescribedExperiment {
 public:
  Repalignv2()
      : DescribedExperiment(
            "repalignv2",
            {widths_spec({32, 64, 128, 256}), learning_rate_spec(.01), epochs_spec(100),
             measure_every_spec(10), integer_spec("networks", 4, 2, 8)},
            {preset("default"), preset("small")}) {}

  SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const override {
    SeedPlan plan;
    plan.seed = seed;
    plan.datasets = {sized_dataset(train_samples, features), sized_dataset(test_samples, features)};
    const std::vector<Configuration> grid = configurations(parameters);
    const auto networks = static_cast<std::size_t>(integer_value(parameters, "networks"));
    for (std::size_t network = 0; network < grid.size(); ++network) {
      TrainingRun run = make_run(task, grid[network], {seed, 0, network}, plan.datasets[0], 0,
                                 integer_value(parameters, "epochs"));
      const bool deep = grid[network].depth() == 2;
      run.evaluation_sets.push_back(
          evaluation_set(plan.datasets[1], deep ? std::vector<int>{1, 2} : std::vector<int>{1}));
      run.evaluation_sets.back().use = ActivationUse::inner_products;
      if (network % networks == 0) {
        const std::size_t layers = deep ? 2 : 1;
        plan.groups.push_back({{},
                               steps_at(measured_epochs(parameters), run),
                               networks * alignment_values.size() + layers * pair_count(networks)});
      }
      plan.groups.back().members.push_back(std::move(run));
    }
    return plan;
  }

  void generate(const Parameters&, SeedPlan& plan) const override {
    generate_mixture(plan.seed, Split::train, classes, *plan.datasets[0]);
    generate_mixture(plan.seed, Split::test, classes, *plan.datasets[1]);
  }

  void measure(const Parameters&, const SeedPlan& plan, std::size_t group, std::size_t measurement,
               std::span<const Snapshot> members, const MatrixOps& matrix_ops,
               std::span<double> values) const override {
    std::fill(values.begin(), values.end(), undefined);
    const std::vector<TrainingRun>& runs = plan.groups[group].members;
    std::vector<std::size_t> alive;
    for (std::size_t m = 0; m < members.size(); ++m) {
      if (members[m].diverged) continue;
      alive.push_back(m);
      double* own = values.data() + m * alignment_values.size();
      own[alignment_test_acc] = accuracy(predictions_of(runs[m], 0, members[m]));
      if (measurement + 1 == plan.groups[group].measured_steps.size()) {
        own[alignment_weight_dist] = weight_distance(runs[m], members[m].parameters);
      }
    }
    double* pairs = values.data() + members.size() * alignment_values.size();
    const std::vector<int>& layers = runs[0].evaluation_sets[0].hidden_layers;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      std::vector<const Evaluation*> networks;
      for (const std::size_t m : alive) networks.push_back(&members[m].evaluations[0]);
      std::vector<double> cka(alive.empty() ? 0 : pair_count(alive.size()));
      const int width = runs[0].shape.sizes[static_cast<std::size_t>(layers[layer])];
      pairwise_cka(networks, layer, test_samples, width, matrix_ops, cka);
      // Back to the places that these pairs have among those of all members.
      std::size_t next = 0;
      for (std::size_t i = 0; i < members.size(); ++i) {
        for (std::size_t j = i + 1; j < members.size(); ++j, ++pairs) {
          if (!members[i].diverged && !members[j].diverged) *pairs = cka[next++];
        }
      }
    }
  }

  std::size_t measure_bytes(const SeedPlan& plan, std::size_t group) const override {
    const std::vector<TrainingRun>& members = plan.groups[group].members;
    // Fewer networks left may choose the other way to compute: take the larger need.
    std::size_t most = members[0].shape.parameters() * sizeof(float);
    for (std::size_t count = 2; count <= members.size(); ++count) {
      most = std::max(most, pairwise_cka_bytes(count, test_samples, members[0].shape.sizes[1]));
    }
    return most;
  }

  Json summarize(const Parameters& parameters, const SeedPlan& plan,
                 std::span<const GroupValues> group_values) const override {
    const NetworkValues values(plan, group_values, alignment_values.size());
    const std::vector<int> widths = integer_list(parameters, "widths");
    const auto networks = static_cast<std::size_t>(integer_value(parameters, "networks"));
    Json summary = Json::object();
    Json detail = {
        {"epochs", measured_epochs(parameters)},
        {"networks", network_table(values, configurations(parameters), alignment_values)}};
    std::vector<double> initial;
    std::vector<double> trained;
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
      const Alignment alignment(plan.groups[g], group_values[g], values, g * networks);
      detail["configurations"].push_back(alignment.detail());
      const double cka = alignment.overall(alignment.last());
      const double cka_init = alignment.overall(0);
      if (g == widths.size()) {  // [64, 32]
        summary["cka_64x32"] = number(cka);
        summary["cka_64x32_l1"] = number(alignment.mean_of_pairs(alignment.last(), 0));
        summary["cka_64x32_l2"] = number(alignment.mean_of_pairs(alignment.last(), 1));
        summary["cka_init_64x32"] = number(cka_init);
        summary["weight_dist_64x32"] = number(alignment.final_mean(alignment_weight_dist));
        const auto w64 = std::find(widths.begin(), widths.end(), 64);
        if (w64 == widths.end()) continue;
        const std::array<double, 2> deep_then_w64 = {
            cka, trained[static_cast<std::size_t>(w64 - widths.begin())]};
        summary["deep_below_w64"] = flag(strictly_rising(deep_then_w64));
        continue;
      }
      const int width = widths[g];
      initial.push_back(cka_init);
      trained.push_back(cka);
      summary[width_key("cka", width)] = number(cka);
      summary[width_key("cka_std", width)] =
          number(population_sd(alignment.pairs(alignment.last(), 0)));
      summary[width_key("cka_init", width)] = number(cka_init);
      summary[width_key("cka_change", width)] = number(cka - cka_init);
      summary[width_key("weight_dist", width)] =
          number(alignment.final_mean(alignment_weight_dist));
      summary[width_key("test_acc", width)] = number(alignment.final_mean(alignment_test_acc));
    }
    summary["monotone"] = flag(strictly_rising(trained));
    summary["random_feature_c"] = number(fitted_constant(widths, initial));
    summary["n_diverged"] = values.diverged_count();
    summary["detail"] = std::move(detail);
    return summary;
  }
};

}  // namespace

const Experiment& repalignv2() {
  static const Repalignv2 experiment;
  return experiment;
}

}  // namespace axiom
