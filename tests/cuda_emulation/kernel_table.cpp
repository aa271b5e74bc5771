#include "tests/cuda_emulation/kernel_table.h"

#include <cstdint>
#include <utility>

#include "cuda/kernels/block_layout.h"
#include "cuda/kernels/jobs.h"
#include "cuda/kernels/measure_jobs.h"
#include "cuda/kernels/team_layout.h"

// The kernels, compiled as C++.
extern "C" {
void axiom_train_block(axiom::cuda::TrainingJob*, std::uint32_t, axiom::cuda::LaunchState*,
                       std::uint64_t);
void axiom_fma_peak(float*, std::uint32_t, float, float);
void axiom_team(void*, std::uint32_t, axiom::cuda::LaunchState*, std::uint64_t,
                axiom::cuda::TeamState*, std::uint32_t, std::uint32_t);
void axiom_spectrum(axiom::cuda::SpectrumJob*, std::uint32_t, axiom::cuda::LaunchState*,
                    std::uint64_t);
void axiom_eigenvalues(axiom::cuda::SpectrumJob*, std::uint32_t, axiom::cuda::LaunchState*,
                       std::uint64_t);
void axiom_kernels(axiom::cuda::KernelJob*, std::uint32_t, axiom::cuda::LaunchState*,
                   std::uint64_t);
void axiom_linear_probes(axiom::cuda::LinearProbeJob*, std::uint32_t, axiom::cuda::LaunchState*,
                         std::uint64_t);
void axiom_correlations(axiom::cuda::CorrelationJob*, std::uint32_t, axiom::cuda::LaunchState*,
                        std::uint64_t);
void axiom_scores(axiom::cuda::ScoreJob*, std::uint32_t, axiom::cuda::LaunchState*, std::uint64_t);
void axiom_sums(axiom::cuda::SumJob*, std::uint32_t, axiom::cuda::LaunchState*, std::uint64_t);
void axiom_inner_products(const axiom::cuda::InnerProductJob*, std::uint32_t,
                          axiom::cuda::LaunchState*, std::uint64_t);
}

namespace axiom::cuda {
namespace {

template <class... T, std::size_t... i>
Entry entry(int most_threads, void (*kernel)(T...), std::index_sequence<i...>) {
  return {{sizeof(T)...}, most_threads, [=](void** p) {
            kernel(parameter<T>(p, static_cast<int>(i))...);
          }};
}

template <class... T>
Entry entry(int most_threads, void (*kernel)(T...)) {
  return entry(most_threads, kernel, std::index_sequence_for<T...>());
}

}  // namespace

const std::map<std::string, Entry>& kernels() {
  static const std::map<std::string, Entry> all = {
      {"axiom_train_block", entry(block_threads_limit, axiom_train_block)},
      {"axiom_fma_peak", entry(block_threads_limit, axiom_fma_peak)},
      {"axiom_team", entry(team_threads, axiom_team)},
      {"axiom_spectrum", entry(measure_threads, axiom_spectrum)},
      {"axiom_eigenvalues", entry(chain_threads, axiom_eigenvalues)},
      {"axiom_kernels", entry(measure_threads, axiom_kernels)},
      {"axiom_linear_probes", entry(measure_threads, axiom_linear_probes)},
      {"axiom_correlations", entry(measure_threads, axiom_correlations)},
      {"axiom_scores", entry(measure_threads, axiom_scores)},
      {"axiom_sums", entry(chain_threads, axiom_sums)},
      {"axiom_inner_products", entry(chain_threads, axiom_inner_products)},
  };
  return all;
}

}  // namespace axiom::cuda
