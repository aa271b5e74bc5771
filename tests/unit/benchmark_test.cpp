// links: axiom_benchmark axiom_cpu axiom_backends axiom_experiments
// grade: medium
// The self-benchmark with right, wrong and failing backends; no test depends on how fast this is.
#include "client/benchmark/benchmark.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "client/benchmark/bandwidth.h"
#include "client/benchmark/benchmark_json.h"
#include "client/benchmark/experiment_estimate.h"
#include "client/benchmark/trainee.h"
#include "client/benchmark/training_case.h"
#include "client/plan/device_error.h"
#include "client/result/canonical_json.h"
#include "cpu/reference/reference_backend.h"
#include "tests/support/broken_backend.h"

namespace axiom {
namespace {

using test::BrokenBackend;
using test::Fault;

const Fault right{.calls_before = 1 << 30};

BenchmarkOptions quick() {
  BenchmarkOptions options;
  options.seconds = 0;
  options.widths = {8, 16};
  options.sample_seconds = 0.001;
  options.array_bytes = std::size_t{1} << 20;
  return options;
}

BenchmarkReport benchmark(std::vector<const Backend*> backends,
                          const BenchmarkOptions& options = quick()) {
  return run_benchmark(backends, reference_backend(), options).value();
}

TEST(Benchmark, MeasuresEveryCaseAndFindsEqualBits) {
  const BrokenBackend good("good", reference_backend(), right);
  BenchmarkOptions options = quick();
  options.seconds = 20;
  options.threads = 2;
  const BenchmarkReport report = benchmark({&good, &reference_backend()}, options);
  EXPECT_EQ(report.exit_code(), ExitCode::ok);
  EXPECT_GE(report.bandwidth.runs, 5);
  EXPECT_GT(report.bandwidth_all_threads.median, 0);
  ASSERT_EQ(report.backends.size(), 2u);
  for (const BackendReport& backend : report.backends) {
    EXPECT_TRUE(backend.usable()) << backend.unavailable << backend.broken;
    ASSERT_EQ(backend.steps.size(), 4u);
    for (const StepReport& step : backend.steps) {
      EXPECT_GE(step.rate.runs, 5);
      EXPECT_GT(step.rate.median, 0);
      EXPECT_GE(step.rate.highest, step.rate.median);
      EXPECT_EQ(step.digest, step.expected_digest);
      EXPECT_EQ(step.digest.size(), 64u);
      EXPECT_EQ(step.rate_all_threads.runs, step.batch == 0 ? 0 : 5);
    }
  }
  EXPECT_EQ(report.backends[0].steps[0].peak.runs, 0);  // it does not tell
  EXPECT_GT(report.backends[1].steps[0].share, 0);
}

// A budget that is spent at once still gives one run of everything.
TEST(Benchmark, ListsWhatIsUnavailableAndGoesOn) {
  const BrokenBackend absent("absent", reference_backend(), Fault{.unavailable = "no such chip"});
  const BenchmarkReport report = benchmark({&absent, &reference_backend()});
  EXPECT_EQ(report.backends[0].unavailable, "no such chip");
  EXPECT_TRUE(report.backends[0].steps.empty());
  ASSERT_EQ(report.backends[1].steps.size(), 4u);
  EXPECT_EQ(report.backends[1].steps[3].rate.runs, 1);
}

TEST(Benchmark, ABackendWithOtherBitsIsBrokenAndNotChosen) {
  const BrokenBackend wrong("wrong", reference_backend(), Fault{.width = 16});
  BenchmarkOptions options = quick();
  const std::vector<const Experiment*> one = {find_experiment("neuronspec")};
  options.experiments = one;
  const BenchmarkReport report = benchmark({&wrong, &reference_backend()}, options);
  ASSERT_TRUE(report.any_broken());
  EXPECT_EQ(static_cast<int>(report.exit_code()), 18);
  EXPECT_NE(report.backends[0].broken.find("width 16, batch 32: parameters "), std::string::npos);
  EXPECT_NE(report.backends[0].broken.find("the reference's"), std::string::npos);
  EXPECT_TRUE(report.backends[0].experiments.empty());
  EXPECT_EQ(report.fastest, "reference");
  const std::string table = benchmark_table(report, {});
  EXPECT_NE(table.find("wrong: BROKEN"), std::string::npos) << table;
  const nlohmann::json json = benchmark_json(report, {}, "2026-01-31T12:00:00Z");
  EXPECT_EQ(json["backends"][0]["status"], "broken");
  EXPECT_EQ(json["backends"][0]["reason"], report.backends[0].broken);
  EXPECT_EQ(json["backends"][1]["status"], "equal");
}

// As with a device that gets warm: right at first, wrong in a timed run.
TEST(Benchmark, FindsAFaultThatComesLater) {
  const BrokenBackend late("late", reference_backend(), Fault{.width = 16, .calls_before = 4});
  EXPECT_FALSE(benchmark({&late}).backends[0].broken.empty());
  // Wrong only after the steps that are compared with the reference: it differs from itself.
  BenchmarkOptions options = quick();
  options.seconds = 20;
  const BrokenBackend unsteady("unsteady", reference_backend(),
                               Fault{.width = 8, .calls_before = 11});
  EXPECT_FALSE(benchmark({&unsteady}, options).backends[0].broken.empty());
}

TEST(Benchmark, ABackendThatFailsIsUnavailable) {
  const BrokenBackend failing("failing", reference_backend(), Fault{.width = 16, .throws = true});
  const BenchmarkReport report = benchmark({&failing, &reference_backend()});
  EXPECT_EQ(report.backends[0].unavailable, "failed while it was measured: device lost");
  EXPECT_TRUE(report.backends[1].usable());
  EXPECT_FALSE(report.any_broken());
}

TEST(Benchmark, StopsAtASignal) {
  BenchmarkOptions options = quick();
  options.stop_signal = [] { return 2; };
  const std::vector<const Backend*> backends = {&reference_backend()};
  EXPECT_FALSE(run_benchmark(backends, reference_backend(), options));
}

// A device whose watch, at work, finds that it and a processor differ.
class DoubtedDevice final : public BrokenBackend {
 public:
  DoubtedDevice() : BrokenBackend("cuda:7", reference_backend(), right) {}
  std::string device_identity() const override { return "card, GPU-1, driver 13000"; }
  std::unique_ptr<Executor> make_executor() const override {
    throw DeviceError(DeviceStatus::wrong_results, "differs from the processor");
  }
};

TEST(Benchmark, ADeviceThatItsWatchFindsWrongIsBroken) {
  const DoubtedDevice device;
  const BenchmarkReport report = benchmark({&device, &reference_backend()});
  EXPECT_EQ(report.backends[0].broken, "differs from the processor");
  EXPECT_EQ(report.backends[0].identity, "card, GPU-1, driver 13000");
  EXPECT_EQ(report.exit_code(), ExitCode::bench_broken);
}

TEST(Benchmark, ABrokenProcessorConvictsNoDevice) {
  const DoubtedDevice device;
  const BrokenBackend wrong("wrong", reference_backend(), Fault{.width = 16});
  const BenchmarkReport report = benchmark({&device, &wrong, &reference_backend()});
  EXPECT_EQ(report.backends[0].broken, "");
  EXPECT_EQ(report.backends[0].unavailable,
            "checked by wrong, which is broken: differs from the processor");
  EXPECT_NE(report.backends[1].broken, "");
  // Another than the one that checks it does not matter.
  const BrokenBackend good("good", reference_backend(), right);
  EXPECT_NE(benchmark({&device, &good, &wrong}).backends[0].broken, "");
}

// A device of which all is known.
class KnownYardsticks final : public DeviceYardsticks {
 public:
  explicit KnownYardsticks(Library library, bool fails) : library_(library), fails_(fails) {}
  std::size_t array_bytes() const override { return 1 << 20; }
  double copy_rate() override {
    if (fails_) throw DeviceError(DeviceStatus::out_of_memory, "too little device memory");
    return 2e9;
  }
  Library open_library() override { return library_; }
  MatrixProduct fitting(MatrixProduct product) const override {
    product.count = std::min(product.count, 3);
    return product;
  }
  double product_rate(const MatrixProduct& product) override {
    if (fails_ && product.m != 4096) throw std::runtime_error("refused; for two reasons");
    return 5e9;
  }

 private:
  const Library library_;
  const bool fails_;
};

class DeviceWithYardsticks : public BrokenBackend {
 public:
  DeviceWithYardsticks(DeviceYardsticks::Library library, bool fails)
      : BrokenBackend("cuda:7", reference_backend(), right), library_(library), fails_(fails) {}
  std::string device_identity() const override { return "card, GPU-1, driver 13000"; }
  double measured_peak() const override { return 1e10; }
  std::unique_ptr<DeviceYardsticks> yardsticks() const override {
    return std::make_unique<KnownYardsticks>(library_, fails_);
  }

 private:
  const DeviceYardsticks::Library library_;
  const bool fails_;
};

TEST(DeviceYardsticks, StandBesideTheTrainingStep) {
  const DeviceWithYardsticks device({"libcublas.so.13", "13.1.2", ""}, false);
  BenchmarkOptions options = quick();
  options.seconds = 20;
  const BenchmarkReport report = benchmark({&device, &reference_backend()}, options);
  ASSERT_TRUE(report.backends[0].usable()) << report.backends[0].unavailable;
  const nlohmann::json json = benchmark_json(report, {}, "2026-01-31T12:00:00Z")["backends"];
  EXPECT_EQ(json[0]["memory"]["array_bytes"], 1 << 20);
  EXPECT_EQ(json[0]["memory"]["copy_gbytes"]["median"], 2.0);
  EXPECT_EQ(json[0]["memory"]["copy_gbytes"]["runs"], 7);
  EXPECT_TRUE(json[0]["memory"]["reason"].is_null());
  EXPECT_EQ(json[0]["cublas"]["library"], "libcublas.so.13");
  EXPECT_EQ(json[0]["cublas"]["version"], "13.1.2");
  EXPECT_EQ(json[0]["cublas"]["square"]["m"], 4096);
  EXPECT_EQ(json[0]["cublas"]["square"]["share_of_peak"], 0.5);
  EXPECT_TRUE(json[0]["cublas_reason"].is_null());
  ASSERT_EQ(json[0]["training_step"].size(), 4u);
  for (const nlohmann::json& step : json[0]["training_step"]) {
    const int batch = step["batch"].get<int>();
    EXPECT_EQ(step["networks"], 1);
    EXPECT_EQ(step["cublas"]["m"], batch);
    EXPECT_EQ(step["cublas"]["n"], step["width"]);
    EXPECT_EQ(step["cublas"]["k"], step["width"]);
    EXPECT_EQ(step["cublas"]["products"], 1);
    EXPECT_EQ(step["cublas"]["gflops"]["median"], 5.0);
    EXPECT_EQ(step["cublas"]["gflops"]["runs"], 7);
    EXPECT_EQ(step["cublas"]["share_of_peak"], 0.5);
  }
  // A processor has none of it.
  for (const char* key : {"memory", "cublas", "cublas_reason"}) {
    EXPECT_TRUE(json[1][key].is_null()) << key;
  }
  EXPECT_TRUE(json[1]["training_step"][0]["cublas"].is_null());
  const std::string table = benchmark_table(report, {});
  EXPECT_NE(table.find("cuda:7: device memory: copy 2.00 GB/s (spread 0.0 %, 7 runs)"),
            std::string::npos)
      << table;
  EXPECT_NE(
      table.find("cuda:7: cuBLAS 13.1.2 (libcublas.so.13), SGEMM; share of the FMA peak, and our "
                 "step's\n"),
      std::string::npos)
      << table;
  EXPECT_NE(table.find("4096 x 4096 x 4096"), std::string::npos) << table;
}

TEST(DeviceYardsticks, WhatIsMissingCostsTheDeviceNothing) {
  const DeviceWithYardsticks without({"", "", "no libcublas.so.13; no libcublas.so.12"}, false);
  const DeviceWithYardsticks failing({"libcublas.so.13", "13.1.2", ""}, true);
  const BenchmarkReport report = benchmark({&without, &failing});
  for (const BackendReport& backend : report.backends) EXPECT_TRUE(backend.usable());
  EXPECT_EQ(report.exit_code(), ExitCode::ok);
  const nlohmann::json json = benchmark_json(report, {}, "2026-01-31T12:00:00Z")["backends"];
  EXPECT_TRUE(json[0]["cublas"].is_null());
  EXPECT_EQ(json[0]["cublas_reason"], "no libcublas.so.13; no libcublas.so.12");
  EXPECT_TRUE(json[0]["training_step"][0]["cublas"].is_null());
  EXPECT_TRUE(json[1]["memory"]["copy_gbytes"].is_null());
  EXPECT_EQ(json[1]["memory"]["reason"], "too little device memory");
  EXPECT_EQ(json[1]["cublas"]["square"]["gflops"]["median"], 5.0);  // before it failed
  EXPECT_EQ(json[1]["cublas_reason"], "refused; for two reasons");
  const std::string table = benchmark_table(report, {});
  EXPECT_NE(table.find("cuda:7: cuBLAS: not measured\n  no libcublas.so.13\n"), std::string::npos)
      << table;
  EXPECT_NE(table.find("cuda:7: device memory: not measured\n  too little device memory\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("  not all of it\n  refused\n  for two reasons\n"), std::string::npos);
}

BackendReport report_of(const std::string& name, double speed) {
  BackendReport report;
  report.name = name;
  report.speed = speed;
  return report;
}

TEST(Fastest, IsTheFastestThatIsRight) {
  std::vector<BackendReport> list = {report_of("a", 10), report_of("b", 30), report_of("c", 20)};
  EXPECT_EQ(fastest_backend(list), "b");
  list[1].broken = "width 32";
  EXPECT_EQ(fastest_backend(list), "c");
  list[2].unavailable = "failed";
  EXPECT_EQ(fastest_backend(list), "a");
  list[0].broken = "width 32";
  EXPECT_EQ(fastest_backend(list), "");
}

TEST(Fastest, TheFixedOrderDecidesWithinTheNoise) {
  EXPECT_EQ(fastest_backend({report_of("a", 10), report_of("b", 10.2)}), "a");
  EXPECT_EQ(fastest_backend({report_of("a", 10), report_of("b", 10.4)}), "b");
}

TEST(Statistics, MedianAndSpread) {
  const Statistic odd = statistic({4, 1, 2});
  EXPECT_EQ(odd.runs, 3);
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.spread, 1.5);
  EXPECT_EQ(odd.highest, 4);
  EXPECT_EQ(statistic({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(statistic({}).runs, 0);
}

// A backend whose "time" is known: the estimate must be flops / rate where it is calculated.
TEST(Estimate, CalculatesFromThePlanWhereMeasuringTakesTooLong) {
  const Experiment& experiment = *find_experiment("compgen");
  const auto executor = reference_backend().make_executor();
  EstimateOptions options;
  options.rate = [](const TrainingRun&) { return 1e9; };
  options.allowed_seconds = 0;
  const ExperimentReport report =
      estimate_experiment(experiment, reference_backend(), *executor, options);
  EXPECT_FALSE(report.measured);
  const SeedPlan plan =
      experiment.plan(checked_parameters(experiment, "default", Json::object()), 1);
  int networks = 0;
  double flops = 0;
  for (const Group& group : plan.groups) {
    for (const TrainingRun& run : group.members) {
      ++networks;
      flops += run.flops(run.steps);
      double weights = 0;
      for (int l = 0; l < run.shape.layers(); ++l) {
        weights += static_cast<double>(run.shape.weights(l));
      }
      for (const EvaluationSet& set : run.evaluation_sets) {  // measured twice: before and after
        flops += 2 * 2 * weights * set.samples;
      }
    }
  }
  EXPECT_EQ(report.networks_per_seed, networks);
  EXPECT_NEAR(report.seconds_per_seed, flops / 1e9, 1e-6 * flops / 1e9);
  EXPECT_DOUBLE_EQ(report.seeds_per_hour, 3600 / report.seconds_per_seed);
  EXPECT_DOUBLE_EQ(report.networks_per_hour(), networks * report.seeds_per_hour);
}

TEST(Estimate, MeasuresAllSixOnTheirOwnShapes) {
  const Backend& backend = *choose_backend("auto").backend;
  if (backend.name() == "reference") GTEST_SKIP() << "SKIPPED: a minute and more without vectors";
  const auto executor = backend.make_executor();
  for (const Experiment* experiment : experiments()) {
    EstimateOptions options;
    options.rate = [](const TrainingRun&) { return 1e11; };
    options.allowed_seconds = 1e9;
    options.sample_seconds = 0.001;
    options.runs = 1;
    const ExperimentReport report = estimate_experiment(*experiment, backend, *executor, options);
    EXPECT_TRUE(report.measured);
    EXPECT_TRUE(std::isfinite(report.seconds_per_seed)) << report.experiment;
    EXPECT_GT(report.seconds_per_seed, 0) << report.experiment;
    EXPECT_GT(report.networks_per_seed, 0) << report.experiment;
  }
}

TEST(Peak, EveryBackendOfThisHostTells) {
  for (const Backend* backend : processor_backends()) {
    if (backend->unavailable_reason().empty()) {
      EXPECT_GT(backend->measured_peak(), 1e7) << backend->name();
    }
  }
}

TEST(Report, FitsItsWidthAndIsCanonical) {
  BenchmarkReport report = benchmark({&reference_backend()});
  report.backends[0].name = "cuda:0";
  report.backends[0].broken = std::string(300, 'x');
  YardstickReport& yardsticks = report.backends[0].yardsticks.emplace();
  yardsticks.copy_failed = std::string(300, 'c');
  yardsticks.copy_rate = yardsticks.square.rate = statistic({1e14});
  yardsticks.square.product = {4096, 4096, 4096, 99999};
  yardsticks.library = {std::string(90, 'l'), "13.1.2", std::string(300, 'u')};
  const MeasuredHost host{"0.1.0", "abc", std::string(200, 'p'), {}};
  const std::string table = benchmark_table(report, host);
  std::size_t start = 0;
  for (std::size_t end = table.find('\n'); end != std::string::npos;
       end = table.find('\n', start)) {
    EXPECT_LE(end - start, 100u) << table.substr(start, end - start);
    start = end + 1;
  }
  const nlohmann::json json = benchmark_json(report, host, "2026-01-31T12:00:00Z");
  EXPECT_TRUE(json["backends"][0]["cublas"]["square"]["share_of_peak"].is_null());  // no peak
  const std::string text = canonical_json(json);
  EXPECT_EQ(canonical_json(nlohmann::json::parse(text)), text);
}

}  // namespace
}  // namespace axiom
