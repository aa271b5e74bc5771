// The metrics' parts on sizes of the experiments: what each costs, by backend.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "client/experiments/cka.h"
#include "client/experiments/eigenvalues.h"
#include "client/plan/matrix_ops.h"
#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "tests/bench/bench_main.h"

namespace axiom::bench {

namespace {

/// As after ReLU: half of them zeros.
template <class T>
std::vector<T> activations(int samples, int width, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<T> normal;
  std::vector<T> h(static_cast<std::size_t>(samples) * static_cast<std::size_t>(width));
  for (T& value : h) value = std::max(normal(generator), T{0});
  return h;
}

struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> off_diagonal;
};

/// The Gram matrix of featrank's 500 samples.
std::vector<double> gram_matrix(const MatrixOps& ops, int width, unsigned seed) {
  const std::vector<double> h = activations<double>(500, width, seed);
  std::vector<double> c(static_cast<std::size_t>(width) * static_cast<std::size_t>(width));
  ops.gram(h.data(), c.data(), 500, width);
  return c;
}

Tridiagonal reduced(const MatrixOps& ops, int width, unsigned seed) {
  const std::vector<double> c = gram_matrix(ops, width, seed);
  Tridiagonal t{std::vector<double>(static_cast<std::size_t>(width)),
                std::vector<double>(static_cast<std::size_t>(width))};
  ops.tridiagonalize(c.data(), width, t.diagonal.data(), t.off_diagonal.data());
  return t;
}

void gram(benchmark::State& state, const MatrixOps& ops, int width) {
  const std::vector<float> h = activations<float>(500, width, 1);
  std::vector<double> c(static_cast<std::size_t>(width) * static_cast<std::size_t>(width));
  for (auto _ : state) ops.gram_of_activations(h.data(), c.data(), 500, width);
}

void tridiagonalize(benchmark::State& state, const MatrixOps& ops, int width) {
  const std::vector<double> c = gram_matrix(ops, width, 1);
  Tridiagonal t = reduced(ops, width, 1);
  for (auto _ : state) {
    ops.tridiagonalize(c.data(), width, t.diagonal.data(), t.off_diagonal.data());
  }
}

void eigenvalues(benchmark::State& state, const MatrixOps& ops, int width) {
  const Tridiagonal first = reduced(ops, width, 1);
  const Tridiagonal second = reduced(ops, width, 2);
  for (auto _ : state) {
    Tridiagonal a = first;
    Tridiagonal b = second;
    const TridiagonalMatrix both[] = {{a.diagonal, a.off_diagonal}, {b.diagonal, b.off_diagonal}};
    tridiagonal_eigenvalues(both);
  }
}

/// Four networks of repalignv2 at a measured epoch.
void cka(benchmark::State& state, const MatrixOps& ops, int width) {
  std::vector<std::vector<float>> networks;
  std::vector<const float*> pointers;
  for (unsigned n = 0; n < 4; ++n) networks.push_back(activations<float>(300, width, n));
  for (const auto& network : networks) pointers.push_back(network.data());
  std::vector<double> pairs(6);
  for (auto _ : state) pairwise_cka(pointers, 300, width, ops, pairs);
}

void register_all() {
  using Part = void (*)(benchmark::State&, const MatrixOps&, int);
  const std::pair<const char*, Part> parts[] = {{"gram", gram},
                                                {"tridiagonalize", tridiagonalize},
                                                {"two_spectra_by_ql", eigenvalues},
                                                {"cka_of_four", cka}};
  for (const Backend* backend : {&avx512_backend(), &avx2_backend()}) {
    if (!backend->unavailable_reason().empty()) continue;
    for (const auto& [part, run] : parts) {
      for (const int width : {32, 64, 128, 256}) {
        const std::string name = backend->name() + "/" + part + "/W" + std::to_string(width);
        benchmark::RegisterBenchmark(name.c_str(), [=, run = run](benchmark::State& state) {
          run(state, backend->matrix_ops(), width);
        })->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

}  // namespace
}  // namespace axiom::bench

int main(int argc, char** argv) {
  return axiom::bench::run_benchmarks(argc, argv, &axiom::bench::register_all);
}
