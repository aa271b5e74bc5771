// What the tests of the runner have in common: a made-up experiment, and an observer that listens.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "client/run/runner.h"
#include "client/run/summarize.h"
#include "tests/unit/fake_experiment.h"

namespace axiom {

using testing::FakeBackend;
using testing::FakeExperiment;

class Observer : public RunObserver {
 public:
  void progress(const RunProgress& progress) override {
    EXPECT_GE(progress.fraction(), last_fraction_ - 1e-12);
    last_fraction_ = progress.fraction();
    if (on_progress) on_progress();
  }
  void warning(const std::string& line) override { warnings.push_back(line); }

  std::function<void()> on_progress;
  std::vector<std::string> warnings;

 private:
  double last_fraction_ = 0;
};

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    work.experiment = &experiment;
    work.seeds = {11, 12, 13, 14, 15, 16, 17};
  }

  Checkpoint fresh() const {
    Checkpoint state;
    state.work_digest = std::string(64, 'a');
    state.seeds.resize(work.seeds.size());
    return state;
  }

  std::string result_of(const Checkpoint& state) const {
    const auto summary = summarize(work, state, [] { return 0; });
    return summary.value().result;
  }

  std::string expected() {
    Checkpoint state = fresh();
    Observer own_observer;
    Runner runner(work, backend, state, nullptr, {}, own_observer);
    EXPECT_EQ(runner.run(), 0);
    return result_of(state);
  }

  FakeExperiment experiment;
  FakeBackend backend;
  WorkUnit work;
  Observer observer;
};

}  // namespace axiom
