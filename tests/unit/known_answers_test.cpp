// links: axiom_backends axiom_system
// The self-test's known answers: the reference gives them, every backend that runs here too, and a
// wrong one is noticed.
#include <gtest/gtest.h>

#include <iostream>
#include <sstream>
#include <string_view>

#include "client/backends/registry.h"
#include "client/backends/self_test.h"

namespace axiom {
namespace {

TEST(KnownAnswers, EveryBackendGivesThem) {
  const auto expected = known_answers();
  ASSERT_FALSE(expected.empty());
  for (const Backend* backend : backends()) {
    if (!backend->unavailable_reason().empty()) {
      std::cout << "SKIPPED " << backend->name() << ": " << backend->unavailable_reason() << '\n';
      continue;
    }
    const auto actual = compute_answers(*backend);
    ASSERT_EQ(expected.size(), actual.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      EXPECT_EQ(expected[i].name, actual[i].name);
      EXPECT_EQ(expected[i].digest, actual[i].digest) << backend->name() << ": " << actual[i].name;
    }
  }
}

/// Computes like the reference, but one weight in its last bit.
class FaultyExecutor final : public Executor {
 public:
  explicit FaultyExecutor(std::unique_ptr<Executor> inner) : inner_(std::move(inner)) {}
  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override {
    inner_->train(run, state, until, pause, progress);
    reinterpret_cast<unsigned char*>(state.parameters.data())[0] ^= 1u;
  }
  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override {
    inner_->evaluate(run, state, snapshot);
  }

 private:
  std::unique_ptr<Executor> inner_;
};
class FaultyBackend final : public Backend {
 public:
  std::string name() const override { return "faulty"; }
  std::string unavailable_reason() const override { return {}; }
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<FaultyExecutor>(backends().back()->make_executor());
  }
  std::size_t executor_bytes(const TrainingRun& run) const override {
    return backends().back()->executor_bytes(run);
  }
  const MatrixOps& matrix_ops() const override { return backends().back()->matrix_ops(); }
};

TEST(KnownAnswers, OneFlippedBitIsNoticed) {
  const auto expected = known_answers();
  const auto actual = compute_answers(FaultyBackend());
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const bool trains = expected[i].name.starts_with("train ");
    EXPECT_EQ(trains, expected[i].digest != actual[i].digest) << expected[i].name;
  }
}

TEST(KnownAnswers, TheSelfTestPasses) {
  std::ostringstream report;
  EXPECT_TRUE(run_self_test(report)) << report.str();
}

}  // namespace
}  // namespace axiom

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--print") {
    for (const auto& answer : axiom::compute_answers(*axiom::backends().back())) {
      std::cout << answer.digest << ' ' << answer.name << '\n';
    }
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
