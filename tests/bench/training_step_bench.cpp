// The training step as a share of the core's FMA peak, measured in the same run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "client/plan/backend.h"
#include "client/plan/initial_parameters.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/reference/reference_backend.h"

namespace axiom::bench {

double fma_chain_avx2(long rounds);
double fma_chain_avx512(long rounds);

namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// FMA peak in FLOP/s: the best of short trials, with the vectors that the backend uses.
double measure_peak(const std::string& backend) {
  double best = 0;
  for (int trial = 0; trial < 20; ++trial) {
    const double start = seconds_now();
    const double flops = backend == "avx512" ? fma_chain_avx512(200000) : fma_chain_avx2(200000);
    best = std::max(best, flops / (seconds_now() - start));
  }
  return best;
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

void training_step(benchmark::State& state, const Backend& backend, int width, int depth,
                   int batch) {
  const TrainingRun run = make_run(width, depth, batch);
  RunState weights;
  initial_parameters(run, weights.parameters);
  const auto executor = backend.make_executor();
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  const double peak = measure_peak(backend.name());
  double flops = 0;
  double best = 0;
  for (auto _ : state) {
    const std::uint64_t first = weights.step;
    const double start = seconds_now();
    executor->train(run, weights, first + 20 * run.steps_per_epoch(), pause, progress);
    const double done = run.flops(weights.step) - run.flops(first);
    best = std::max(best, done / (seconds_now() - start));
    flops += done;
  }
  state.counters["GFLOP/s"] = benchmark::Counter(flops / 1e9, benchmark::Counter::kIsRate);
  state.counters["best_GFLOP/s"] = best / 1e9;
  state.counters["peak_GFLOP/s"] = peak / 1e9;
  state.counters["best_share"] = best / peak;
}

void register_all() {
  for (const Backend* backend : {&avx512_backend(), &avx2_backend(), &reference_backend()}) {
    if (!backend->unavailable_reason().empty()) continue;
    const bool slow = backend->name() == "reference";
    for (const int batch : {32, 0}) {
      for (const int depth : {2, 3}) {
        for (const int width : {32, 64, 128, 256}) {
          if (slow && (width > 32 || depth > 2)) continue;
          const std::string name = backend->name() + "/W" + std::to_string(width) + "/depth" +
                                   std::to_string(depth) + (batch ? "/batch32" : "/full1000");
          benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
            training_step(state, *backend, width, depth, batch);
          })->MinTime(0.3);
        }
      }
    }
  }
}

}  // namespace
}  // namespace axiom::bench

int main(int argc, char** argv) {
  axiom::bench::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
