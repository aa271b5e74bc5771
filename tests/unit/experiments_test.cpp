// links: axiom_experiments
// The six experiments: plans of the right size, and measurements of made-up snapshots.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>

#include "client/experiments/experiment.h"
#include "client/plan/initial_parameters.h"
#include "tests/support/plain_matrix_ops.h"
#include "tests/support/planned_experiment.h"

namespace axiom {
namespace {

using test::Planned;
using test::planned;
using test::seed;

std::uint64_t total_steps(const SeedPlan& plan) {
  std::uint64_t steps = 0;
  for (const Group& group : plan.groups) {
    for (const TrainingRun& run : group.members) steps += run.steps;
  }
  return steps;
}

TEST(Plan, SizesAreThoseOfTheDocument) {
  struct Size {
    const char* name;
    std::size_t groups;
    std::size_t networks;
    std::uint64_t steps;
    std::size_t measurements;
  };
  const Size sizes[] = {
      {"compgen", 108, 108, 108 * 150 * 32, 2}, {"featrank", 12, 12, 12 * 50 * 32, 9},
      {"neuronspec", 12, 12, 12 * 50 * 32, 2},  {"featcompv2", 12, 12, 12 * 300, 16},
      {"repalignv2", 5, 20, 20 * 100, 11},      {"microscalev2", 147, 147, 1568700, 2}};
  for (const Size& size : sizes) {
    const Planned p = planned(size.name);
    std::size_t networks = 0;
    for (const Group& group : p.plan.groups) {
      networks += group.members.size();
      EXPECT_EQ(group.measured_steps.size(), size.measurements) << size.name;
    }
    EXPECT_EQ(p.plan.groups.size(), size.groups) << size.name;
    EXPECT_EQ(networks, size.networks) << size.name;
    EXPECT_EQ(total_steps(p.plan), size.steps) << size.name;
  }
}

TEST(Plan, IsConsistentInEveryPreset) {
  for (const Experiment* experiment : experiments()) {
    for (const Preset& preset : experiment->presets()) {
      const Planned p = planned(experiment->name(), preset.name);
      EXPECT_EQ(p.plan.seed, seed);
      std::uint32_t trial = 0;
      std::uint32_t network = 0;
      for (const Group& group : p.plan.groups) {
        ASSERT_FALSE(group.members.empty());
        EXPECT_GT(group.values_per_measurement, 0u);
        EXPECT_EQ(group.measured_steps.front(), 0u);
        EXPECT_TRUE(std::is_sorted(group.measured_steps.begin(), group.measured_steps.end()));
        for (const TrainingRun& run : group.members) {
          EXPECT_EQ(group.measured_steps.back(), run.steps);
          EXPECT_EQ(run.seed, seed);
          // Numbered 0, 1, … within each trial.
          if (run.trial != trial) network = 0;
          trial = run.trial;
          EXPECT_EQ(run.network, network++);
          EXPECT_LE(run.samples, run.train->samples);
          EXPECT_EQ(run.train->features, run.shape.inputs());
          for (const EvaluationSet& set : run.evaluation_sets) {
            EXPECT_LE(set.samples, set.data->samples);
            EXPECT_EQ(set.data->features, run.shape.inputs());
            EXPECT_EQ(std::count(p.plan.datasets.begin(), p.plan.datasets.end(), set.data), 1);
          }
        }
      }
    }
  }
}

TEST(Plan, CompgenNetworksAreNumberedWidthDepthRateRegularizer) {
  const Planned p = planned("compgen");
  const TrainingRun& run = p.plan.groups[36 + 9 + 3 + 2].members[0];
  EXPECT_EQ(run.trial, 1u);
  EXPECT_EQ(run.network, 14u);
  EXPECT_EQ(run.shape.sizes, (std::vector<int>{20, 64, 64, 2}));
  EXPECT_EQ(run.learning_rate, .1f);
  EXPECT_EQ(run.batch, 32);
  const Planned regularized = planned("compgen", "regularized");
  ASSERT_EQ(regularized.plan.groups.size(), 3u * 4 * 5);
  const std::pair<float, float> expected[] = {{0, 0}, {.2f, 0}, {.4f, 0}, {0, .01f}, {0, .05f}};
  for (std::size_t r = 0; r < 5; ++r) {
    EXPECT_EQ(regularized.plan.groups[5 + r].members[0].dropout, expected[r].first);
    EXPECT_EQ(regularized.plan.groups[5 + r].members[0].weight_decay, expected[r].second);
    EXPECT_EQ(regularized.plan.groups[5 + r].members[0].shape.sizes[1], 64);
  }
}

TEST(Plan, FeatrankMeasuresAtTheDocumentedEpochs) {
  const auto steps = [](int epochs) {
    return planned("featrank", "default", Json::object({{"epochs", epochs}}))
        .plan.groups[0]
        .measured_steps;
  };
  using Steps = std::vector<std::uint64_t>;
  EXPECT_EQ(steps(50), (Steps{0, 32, 64, 160, 320, 640, 960, 1280, 1600}));
  EXPECT_EQ(steps(7), (Steps{0, 32, 64, 160, 224}));
  EXPECT_EQ(steps(60).back(), 60u * 32);
  EXPECT_EQ(steps(60).size(), 10u);
}

TEST(Plan, RegularMeasurementsEndAtTheLastEpoch) {
  const Planned p =
      planned("featcompv2", "default", Json::object({{"epochs", 50}, {"measure_every", 20}}));
  EXPECT_EQ(p.plan.groups[0].measured_steps, (std::vector<std::uint64_t>{0, 20, 40, 50}));
}

TEST(Plan, FixedStepsAreThoseOfTheLargestFraction) {
  const Planned p = planned("microscalev2", "fixed-steps");
  for (const Group& group : p.plan.groups) EXPECT_EQ(group.members[0].steps, 300u * 79);
  EXPECT_EQ(p.plan.groups[0].members[0].samples, 250);
  EXPECT_EQ(p.plan.groups[6].members[0].samples, 5000);
}

TEST(Plan, GenerateFillsEveryDataset) {
  for (const Experiment* experiment : experiments()) {
    Planned p = planned(experiment->name());
    experiment->generate(p.parameters, p.plan);
    for (const auto& data : p.plan.datasets) {
      EXPECT_EQ(data->inputs.size(), static_cast<std::size_t>(data->samples * data->features));
      EXPECT_EQ(data->labels.size(), static_cast<std::size_t>(data->samples));
    }
  }
}

/// A snapshot of the right sizes: the untrained parameters, other values random.
Snapshot fake_snapshot(const TrainingRun& run, std::span<const float> parameters, unsigned number) {
  std::mt19937 generator(number);
  std::normal_distribution<float> normal;
  const auto random = [&](int rows, int columns, bool rectify) {
    std::vector<float> a(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    for (float& value : a) {
      value = normal(generator);
      if (rectify && value < 0) value = 0;
    }
    return a;
  };
  Snapshot snapshot;
  snapshot.parameters = parameters;
  for (const EvaluationSet& set : run.evaluation_sets) {
    Evaluation values;
    values.outputs = random(set.samples, run.shape.outputs(), false);
    for (const int layer : set.hidden_layers) {
      const int width = run.shape.sizes[static_cast<std::size_t>(layer)];
      values.activations.push_back(random(set.samples, width, true));
    }
    if (set.input_gradients) {
      values.input_gradients = random(set.samples, run.shape.inputs(), false);
    }
    if (set.first_layer_gradient) {
      values.first_layer_gradient = random(run.shape.inputs(), run.shape.sizes[1], false);
    }
    snapshot.evaluations.push_back(std::move(values));
  }
  return snapshot;
}

/// The last measure() of one group, on fake snapshots; `diverged`: position of a diverged member,
/// or −1.
std::vector<double> measured(const Planned& p, std::size_t group, int diverged) {
  const Group& g = p.plan.groups[group];
  std::vector<std::vector<float>> parameters(g.members.size());
  std::vector<Snapshot> members;
  for (std::size_t m = 0; m < g.members.size(); ++m) {
    initial_parameters(g.members[m], parameters[m]);
    members.push_back(fake_snapshot(g.members[m], parameters[m], static_cast<unsigned>(m)));
    if (static_cast<int>(m) == diverged) {
      members[m] = Snapshot{};
      members[m].diverged = true;
    }
  }
  std::vector<double> values(g.values_per_measurement, -1);
  p.experiment->measure(p.parameters, p.plan, group, g.measured_steps.size() - 1, members,
                        test::plain_matrix_ops, values);
  return values;
}

const Json narrow = Json::object({{"widths", {8, 64}}});

TEST(Measure, FillsEveryValue) {
  for (const Experiment* experiment : experiments()) {
    Planned p = planned(experiment->name(), "default", narrow);
    experiment->generate(p.parameters, p.plan);
    for (const std::size_t group : {std::size_t{0}, p.plan.groups.size() - 1}) {
      for (const double value : measured(p, group, -1)) {
        EXPECT_TRUE(std::isfinite(value)) << experiment->name();
      }
      EXPECT_LT(experiment->measure_bytes(p.plan, group), 64u << 20);
    }
  }
}

TEST(Measure, DivergedNetworksGiveNaN) {
  for (const Experiment* experiment : experiments()) {
    Planned p = planned(experiment->name(), "default", narrow);
    experiment->generate(p.parameters, p.plan);
    const std::vector<double> values = measured(p, 0, 0);
    if (p.plan.groups[0].members.size() == 1) {
      for (const double value : values) EXPECT_TRUE(std::isnan(value)) << experiment->name();
      continue;
    }
    // repalignv2: network 0 and its three pairs; the others as if it were not there.
    const std::vector<double> complete = measured(p, 0, -1);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool gone = i < 2 || (i >= 8 && i < 11);
      EXPECT_EQ(std::isnan(values[i]), gone) << i;
      EXPECT_NEAR(gone ? 0 : values[i], gone ? 0 : complete[i], 1e-12) << i;
    }
  }
}

TEST(Measure, UntrainedNetworksHaveNotMoved) {
  Planned p = planned("repalignv2", "default", narrow);
  p.experiment->generate(p.parameters, p.plan);
  const std::vector<double> values = measured(p, 2, -1);  // [64, 32]
  ASSERT_EQ(values.size(), 4u * 2 + 2 * 6);
  for (std::size_t m = 0; m < 4; ++m) EXPECT_EQ(values[2 * m + 1], 0);
  for (std::size_t pair = 8; pair < values.size(); ++pair) {
    EXPECT_GT(values[pair], 0);
    EXPECT_LT(values[pair], 1);
  }
}

}  // namespace
}  // namespace axiom
