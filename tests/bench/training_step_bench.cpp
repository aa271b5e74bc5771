// The training step as a share of the core's FMA peak, measured in the same run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "client/plan/backend.h"
#include "client/plan/initial_parameters.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/reference/reference_backend.h"
#include "tests/bench/bench_main.h"

namespace axiom::bench {

namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

TrainingRun make_run(int width, int depth, int batch) {
  auto data = std::make_shared<Dataset>();
  data->samples = 1000;
  data->features = 20;
  for (int i = 0; i < 20000; ++i) {
    data->inputs.push_back(static_cast<float>((i * 7919) % 1000) / 500.0f - 1.0f);
  }
  for (int i = 0; i < 1000; ++i) data->labels.push_back((i * 31) % 2);
  TrainingRun run;
  run.shape.sizes = {20};
  for (int d = 0; d < depth; ++d) run.shape.sizes.push_back(width);
  run.shape.sizes.push_back(2);
  run.train = data;
  run.samples = 1000;
  run.batch = batch;
  run.learning_rate = 0.01f;
  run.steps = ~0ull;
  run.seed = 42;
  return run;
}

bool slow_backend(const Backend& backend) { return backend.name() == "reference"; }

void training_step(benchmark::State& state, const Backend& backend, int width, int depth,
                   int batch) {
  const TrainingRun run = make_run(width, depth, batch);
  RunState weights;
  initial_parameters(run, weights.parameters);
  const auto executor = backend.make_executor();
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  // The clock rate drifts: each measurement is held against the peak just before and after it.
  const double chunk_flops = slow_backend(backend) ? 2e8 : 2e9;  // ten to twenty milliseconds
  const auto epochs =
      static_cast<std::uint64_t>(chunk_flops / run.flops(run.steps_per_epoch())) + 1;
  std::vector<double> peaks;
  std::vector<double> rates;
  std::vector<double> shares;
  double peak = backend.measured_peak();
  for (auto _ : state) {
    const std::uint64_t first = weights.step;
    const double start = seconds_now();
    executor->train(run, weights, first + epochs * run.steps_per_epoch(), pause, progress);
    const double seconds = seconds_now() - start;
    state.SetIterationTime(seconds);
    const double next_peak = backend.measured_peak();
    rates.push_back((run.flops(weights.step) - run.flops(first)) / seconds);
    shares.push_back(rates.back() / std::max(peak, next_peak));
    peaks.push_back(next_peak);
    peak = next_peak;
  }
  state.counters["GFLOP/s"] = median(rates) / 1e9;
  state.counters["peak_GFLOP/s"] = median(peaks) / 1e9;
  state.counters["share"] = median(shares);
}

void register_all() {
  for (const Backend* backend : {&avx512_backend(), &avx2_backend(), &reference_backend()}) {
    if (!backend->unavailable_reason().empty()) continue;
    for (const int batch : {32, 0}) {
      for (const int depth : {2, 3}) {
        for (const int width : {32, 64, 128, 256}) {
          if (slow_backend(*backend) && (width > 32 || depth > 2)) continue;
          const std::string name = backend->name() + "/W" + std::to_string(width) + "/depth" +
                                   std::to_string(depth) + (batch ? "/batch32" : "/full1000");
          benchmark::RegisterBenchmark(
              name.c_str(),
              [=](benchmark::State& state) { training_step(state, *backend, width, depth, batch); })
              ->UseManualTime()
              ->MinTime(0.3);
        }
      }
    }
  }
}

}  // namespace
}  // namespace axiom::bench

int main(int argc, char** argv) {
  return axiom::bench::run_benchmarks(argc, argv, &axiom::bench::register_all);
}
