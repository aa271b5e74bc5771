#include "tests/cuda_emulation/kernel_table.h"

#include <cstdint>

#include "cuda/kernels/jobs.h"
#include "cuda/kernels/measure_jobs.h"

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
void axiom_read_outs(axiom::cuda::ReadOutJob*, std::uint32_t, axiom::cuda::LaunchState*,
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

/// A kernel that takes jobs from a list.
template <class Job>
Entry job_kernel(void (*kernel)(Job*, std::uint32_t, LaunchState*, std::uint64_t)) {
  return [=](void** p) {
    kernel(parameter<Job*>(p, 0), parameter<std::uint32_t>(p, 1), parameter<LaunchState*>(p, 2),
           parameter<std::uint64_t>(p, 3));
  };
}

}  // namespace

const std::map<std::string, Entry>& kernels() {
  static const std::map<std::string, Entry> all = {
      {"axiom_train_block", job_kernel(axiom_train_block)},
      {"axiom_spectrum", job_kernel(axiom_spectrum)},
      {"axiom_eigenvalues", job_kernel(axiom_eigenvalues)},
      {"axiom_kernels", job_kernel(axiom_kernels)},
      {"axiom_read_outs", job_kernel(axiom_read_outs)},
      {"axiom_correlations", job_kernel(axiom_correlations)},
      {"axiom_scores", job_kernel(axiom_scores)},
      {"axiom_sums", job_kernel(axiom_sums)},
      {"axiom_inner_products", job_kernel(axiom_inner_products)},
      {"axiom_fma_peak",
       [](void** p) {
         axiom_fma_peak(parameter<float*>(p, 0), parameter<std::uint32_t>(p, 1),
                        parameter<float>(p, 2), parameter<float>(p, 3));
       }},
      {"axiom_team",
       [](void** p) {
         axiom_team(parameter<void*>(p, 0), parameter<std::uint32_t>(p, 1),
                    parameter<LaunchState*>(p, 2), parameter<std::uint64_t>(p, 3),
                    parameter<TeamState*>(p, 4), parameter<std::uint32_t>(p, 5),
                    parameter<std::uint32_t>(p, 6));
       }},
  };
  return all;
}

}  // namespace axiom::cuda
