// A small made-up experiment and a device for it, for tests of the runner.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/experiments/experiment.h"
#include "client/plan/backend.h"

namespace axiom::testing {

inline bool diverges(const TrainingRun& run) { return run.network == 2 && run.seed % 2 == 1; }

class FakeExperiment : public Experiment {
 public:
  std::string_view name() const override { return "fake"; }
  const std::vector<ParameterSpec>& parameters() const override { return specs_; }
  const std::vector<Preset>& presets() const override { return presets_; }

  SeedPlan plan(const Parameters&, std::uint64_t seed) const override {
    SeedPlan plan;
    plan.seed = seed;
    auto data = std::make_shared<Dataset>();
    data->samples = 4;
    data->features = 2;
    plan.datasets.push_back(data);
    const std::vector<std::vector<std::uint64_t>> measured = {
        {0, 3, 10, 25}, {5, 20}, {0, 60}, {0, 1}, {40}};
    const std::vector<int> members = {3, 1, 2, 4, 3};
    for (std::uint32_t g = 0; g < members.size(); ++g) {
      Group group;
      group.measured_steps = measured[g];
      group.values_per_measurement = 2 + g;
      for (int m = 0; m < members[g]; ++m) {
        TrainingRun run;
        run.shape.sizes = {2, 3 + m, 2};
        run.train = data;
        run.samples = 4;
        run.steps = group.measured_steps.back();
        run.seed = seed;
        run.trial = g;
        run.network = static_cast<std::uint32_t>(m);
        group.members.push_back(run);
      }
      plan.groups.push_back(group);
    }
    return plan;
  }

  void generate(const Parameters&, SeedPlan& plan) const override {
    plan.datasets[0]->inputs.assign(8, static_cast<float>(plan.seed % 1000));
    plan.datasets[0]->labels.assign(4, 1);
  }

  void measure(const Parameters&, const SeedPlan& plan, std::size_t group, std::size_t measurement,
               std::span<const Snapshot> members, const MatrixOps&,
               std::span<double> values) const override {
    if (fail_in_measure) throw std::runtime_error("measure failed");
    ASSERT_EQ(members.size(), plan.groups[group].members.size());
    ASSERT_EQ(plan.datasets[0]->inputs.size(), 8u);  // data are there
    for (const Snapshot& member : members) {
      if (member.diverged) {
        EXPECT_TRUE(member.evaluations.empty());
        values[1] = std::isnan(values[1]) ? 1 : values[1] + 1;
        continue;
      }
      double sum = static_cast<double>(measurement) + member.evaluations.at(0).outputs.at(0);
      for (const float parameter : member.parameters) sum = sum * 0.75 + parameter;
      values[0] = std::isnan(values[0]) ? sum : values[0] * 3 + sum;
    }
  }

  std::size_t measure_bytes(const SeedPlan&, std::size_t) const override { return 100; }

  Json summarize(const Parameters&, const SeedPlan& plan,
                 std::span<const GroupValues> values) const override {
    Json all = Json::array();
    for (const GroupValues& group : values) {
      for (const double value : group) all.push_back(std::isnan(value) ? Json() : Json(value));
    }
    return {{"detail", all}, {"planned_seed", plan.seed}};
  }

  bool fail_in_measure = false;

 private:
  std::vector<ParameterSpec> specs_;
  std::vector<Preset> presets_;
};

class FakeExecutor : public Executor {
 public:
  FakeExecutor(int fail_at_step, int spins) : fail_at_step_(fail_at_step), spins_(spins) {}

  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override {
    EXPECT_LT(state.step, until);
    EXPECT_FALSE(state.diverged);
    EXPECT_EQ(state.parameters.size(), run.shape.parameters());
    while (state.step < until) {
      for (int spin = 0; spin < spins_; ++spin) sink_ = sink_ + 1;
      if (fail_at_step_ >= 0 && state.step == static_cast<std::uint64_t>(fail_at_step_)) {
        throw std::runtime_error("device lost");
      }
      float carry = static_cast<float>(state.step) + run.train->inputs[0];
      for (float& parameter : state.parameters) {
        parameter = 0.5f * parameter + 0.001f * carry;
        carry = parameter;
      }
      if (diverges(run) && state.step == 7) {
        state.parameters[1] = std::numeric_limits<float>::quiet_NaN();
      }
      ++state.step;
      progress.fetch_add(1);
      if (pause.load()) return;
    }
  }

  void evaluate(const TrainingRun&, const RunState& state, Snapshot& snapshot) override {
    EXPECT_FALSE(state.diverged);
    snapshot.parameters = state.parameters;
    snapshot.evaluations.resize(1);
    snapshot.evaluations[0].outputs = {state.parameters[0]};
    for (const float parameter : state.parameters) snapshot.diverged |= std::isnan(parameter);
  }

 private:
  int fail_at_step_;
  int spins_;
  volatile int sink_ = 0;
};

class FakeBackend : public Backend {
 public:
  std::string name() const override { return "fake"; }
  std::string unavailable_reason() const override { return {}; }
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<FakeExecutor>(fail_at_step, spins);
  }
  std::size_t executor_bytes(const TrainingRun&) const override { return 1000; }
  const MatrixOps& matrix_ops() const override { return ops_; }

  int fail_at_step = -1;
  int spins = 0;  ///< per step: time for interruptions to hit

 private:
  MatrixOps ops_{};
};

}  // namespace axiom::testing
