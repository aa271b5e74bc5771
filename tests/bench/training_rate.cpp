// Trains one network piece by piece, on request: compare_builds.py runs two builds in turns.
//
// Usage: training_rate BACKEND SIZES BATCH SAMPLES, such as training_rate avx2 20,64,64,2 32 1000.
// Each line on standard input is a number of pieces; for each piece one line with its GFLOP/s.
#include <atomic>
#include <charconv>
#include <chrono>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/plan/backend.h"
#include "client/plan/example_run.h"
#include "client/plan/initial_parameters.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/reference/reference_backend.h"

namespace axiom::bench {

namespace {

/// At least so many, in whole epochs: two milliseconds of vector code where an epoch is small,
/// which most often nothing disturbs.
double piece_flops(const Backend& backend) { return backend.name() == "reference" ? 2e6 : 2e8; }

const Backend* backend_named(const std::string& name) {
  for (const Backend* backend : {&avx512_backend(), &avx2_backend(), &reference_backend()}) {
    if (backend->name() == name) return backend;
  }
  return nullptr;
}

int number(const std::string& text, int least) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < least) {
    throw std::invalid_argument("'" + text + "' is not a number from " + std::to_string(least) +
                                " on");
  }
  return value;
}

std::vector<int> numbers(const std::string& list) {
  std::vector<int> values;
  std::istringstream in(list);
  for (std::string value; std::getline(in, value, ',');) values.push_back(number(value, 1));
  return values;
}

void train(const Backend& backend, const TrainingRun& run) {
  using Clock = std::chrono::steady_clock;
  RunState state;
  initial_parameters(run, state.parameters);
  const auto executor = backend.make_executor();
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  const std::uint64_t epoch = run.steps_per_epoch();
  const auto epochs = static_cast<std::uint64_t>(piece_flops(backend) / run.flops(epoch)) + 1;
  for (int pieces; std::cin >> pieces;) {
    for (; pieces > 0; --pieces) {
      const double flops = run.flops(state.step);
      const auto start = Clock::now();
      executor->train(run, state, state.step + epochs * epoch, pause, progress);
      const std::chrono::duration<double> elapsed = Clock::now() - start;
      std::cout << (run.flops(state.step) - flops) / elapsed.count() / 1e9 << '\n';
    }
    std::cout.flush();
  }
}

int run(int argc, char** argv) {
  const Backend* backend = argc == 5 ? backend_named(argv[1]) : nullptr;
  const std::string reason =
      backend ? backend->unavailable_reason() : "usage: training_rate BACKEND SIZES BATCH SAMPLES";
  if (!reason.empty()) {
    std::cerr << reason << '\n';
    return 2;
  }
  ExampleNetwork network;
  network.sizes = numbers(argv[2]);
  if (network.sizes.size() < 3) {
    throw std::invalid_argument(std::string(argv[2]) + " is not inputs,hidden layers,outputs");
  }
  if (network.sizes.back() == 1) network.loss = Loss::sigmoid_cross_entropy;
  network.batch = number(argv[3], 0);
  network.samples = number(argv[4], 1);
  TrainingRun run = example_run(network, 42);
  run.learning_rate = 0.01f;
  run.steps = ~0ull;
  train(*backend, run);
  return 0;
}

}  // namespace

}  // namespace axiom::bench

int main(int argc, char** argv) {
  try {
    return axiom::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "training_rate: " << error.what() << '\n';
    return 2;
  }
}
