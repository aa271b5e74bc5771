// Metrics where the activations lie: spectra and kernel alignments, in double. Only their few
// numbers go back to the host.
#include "client/arithmetic/tridiagonal_ql.h"
#include "cuda/kernels/correlation.h"
#include "cuda/kernels/double_product.h"
#include "cuda/kernels/linear_probe.h"
#include "cuda/kernels/score.h"
#include "cuda/kernels/training.h"
#include "cuda/kernels/tridiagonal.h"

namespace axiom::cuda {
namespace {

AXIOM_DEVICE MeasureControl& control() {
  return *reinterpret_cast<MeasureControl*>(shared_memory());
}
/// What a part of a job works on: measure_shared_bytes() less the control.
AXIOM_DEVICE double* scratch() { return reinterpret_cast<double*>(&control() + 1); }

/// Whether the block has to end its launch, asked by one thread. Between two barriers.
AXIOM_DEVICE bool block_stops(LaunchState* launch, std::uint64_t limit_nanoseconds) {
  Turn& turn = control().turn;
  if (thread_index() == 0) turn.stop = time_is_up(launch, limit_nanoseconds, turn.started) ? 1 : 0;
  synchronize_block();
  return turn.stop != 0;  // barriers follow before it is written again
}

AXIOM_DEVICE void run_spectrum(SpectrumJob& original, LaunchState* launch,
                               std::uint64_t limit_nanoseconds) {
  const SpectrumJob job = original;
  const int tiles = symmetric_tiles(job.order());
  const Operand operand = job.wide() ? by_sample(job.h) : by_unit(job.h);
  const int terms = job.wide() ? job.h.width : job.h.samples;
  int done = job.done;
  bool stop = false;
  for (; done < tiles && !stop; ++done) {
    stop = block_stops(launch, limit_nanoseconds);
    symmetric_product(operand, terms, job.order(), done, job.matrix.get(), scratch());
  }
  if (!stop) {
    const TridiagonalRows rows(control(), scratch(), job.order());
    load_update(job, done - tiles, rows);
    constexpr int columns_between_looks = 8;
    for (; done < job.parts() && !stop; ++done) {
      if (done % columns_between_looks == 0) stop = block_stops(launch, limit_nanoseconds);
      reduce_column(job, done - tiles, rows);
    }
    store_update(job, rows);
  }
  if (thread_index() == 0) original.done = done;
}

AXIOM_DEVICE void run_kernel(KernelJob& original, LaunchState* launch,
                             std::uint64_t limit_nanoseconds) {
  const KernelJob job = original;
  double* const means = job.means.get();
  double* const means_b = means + job.a.width;
  find_means(job.a, means);
  if (!job.in_sample_space()) find_means(job.b, means_b);
  int done = job.done;
  for (bool stop = false; done < job.parts() && !stop; ++done) {
    stop = block_stops(launch, limit_nanoseconds);  // its barrier completes the means, too
    if (job.in_sample_space()) {
      symmetric_product(by_sample(job.a, means), job.a.width, job.order(), done, job.product.get(),
                        scratch());
    } else {
      rectangular_product(by_unit(job.a, means), by_unit(job.b, means_b), job.a.samples,
                          job.order(), job.order(), done, job.product.get(), scratch());
    }
  }
  if (thread_index() == 0) original.done = done;
}

AXIOM_DEVICE void run_correlations(CorrelationJob& original, LaunchState* launch,
                                   std::uint64_t limit_nanoseconds) {
  const CorrelationJob job = original;
  standardize(job);
  int done = job.done;
  for (bool stop = false; done < job.parts() && !stop; ++done) {
    stop = block_stops(launch, limit_nanoseconds);  // its barrier completes what came before
    if (done < job.tiles()) {
      correlation_tile(job, done, scratch());
    } else {
      sum_correlations(job);
    }
  }
  if (thread_index() == 0) original.done = done;
}

AXIOM_DEVICE void run_score(ScoreJob& original) {
  const ScoreJob job = original;
  std::uint32_t* const right = &control().counters[0];
  std::uint32_t* const not_finite_samples = &control().counters[1];
  if (thread_index() == 0) *right = *not_finite_samples = 0;
  synchronize_block();
  find_losses(job, right, not_finite_samples);
  synchronize_block();
  if (thread_index() != 0) return;
  sum_up(job, *right, *not_finite_samples);
  original.done = job.parts();
}

/// All threads agree on what they return.
AXIOM_DEVICE bool run_linear_probe_part(const LinearProbeJob& job, int part) {
  const LinearProbeRows rows(control(), scratch());
  if (part < job.tiles()) {
    system_tile(job, part, scratch());
    return true;
  }
  part -= job.tiles();
  if (part == 0) {
    complete_system(job, rows);
    return true;
  }
  if (part <= job.panels()) return factor_panel(job, (part - 1) * linear_probe_pivots, rows);
  solve(job, rows);
  find_accuracies(job, rows);
  return true;
}

AXIOM_DEVICE void run_linear_probe(LinearProbeJob& original, LaunchState* launch,
                                   std::uint64_t limit_nanoseconds) {
  const LinearProbeJob job = original;
  int done = job.done;
  bool solved = true;
  for (bool stop = false; done < job.parts() && solved && !stop; ++done) {
    stop = block_stops(launch, limit_nanoseconds);
    solved = run_linear_probe_part(job, done);
  }
  if (thread_index() == 0) {
    original.done = solved ? done : job.parts();
    original.unsolved = solved ? 0 : 1;
  }
}

/// Jobs of one thread each: every chain_stride()-th from first_chain() on are this thread's.
AXIOM_DEVICE std::uint32_t first_chain() {
  return static_cast<std::uint32_t>(block_index() * chain_threads + thread_index());
}
AXIOM_DEVICE std::uint32_t chain_stride() {
  return static_cast<std::uint32_t>(block_count() * chain_threads);
}

}  // namespace

/// Gram matrices and their reduction. REQUIRES: measure_threads threads a block,
/// measure_shared_bytes() of the largest order in shared memory, no job done.
AXIOM_KERNEL(measure_threads, 2)
axiom_spectrum(SpectrumJob* jobs, std::uint32_t count, LaunchState* launch,
               std::uint64_t limit_nanoseconds) {
  take_jobs(control().turn, count, launch, limit_nanoseconds,
            [=](std::uint32_t job) { run_spectrum(jobs[job], launch, limit_nanoseconds); });
}

/// REQUIRES: as axiom_spectrum.
AXIOM_KERNEL(measure_threads, 2)
axiom_kernels(KernelJob* jobs, std::uint32_t count, LaunchState* launch,
              std::uint64_t limit_nanoseconds) {
  take_jobs(control().turn, count, launch, limit_nanoseconds,
            [=](std::uint32_t job) { run_kernel(jobs[job], launch, limit_nanoseconds); });
}

/// REQUIRES: as axiom_spectrum.
AXIOM_KERNEL(measure_threads, 2)
axiom_linear_probes(LinearProbeJob* jobs, std::uint32_t count, LaunchState* launch,
                    std::uint64_t limit_nanoseconds) {
  take_jobs(control().turn, count, launch, limit_nanoseconds,
            [=](std::uint32_t job) { run_linear_probe(jobs[job], launch, limit_nanoseconds); });
}

/// REQUIRES: as axiom_spectrum.
AXIOM_KERNEL(measure_threads, 2)
axiom_correlations(CorrelationJob* jobs, std::uint32_t count, LaunchState* launch,
                   std::uint64_t limit_nanoseconds) {
  take_jobs(control().turn, count, launch, limit_nanoseconds,
            [=](std::uint32_t job) { run_correlations(jobs[job], launch, limit_nanoseconds); });
}

/// REQUIRES: as axiom_spectrum.
AXIOM_KERNEL(measure_threads, 2)
axiom_scores(ScoreJob* jobs, std::uint32_t count, LaunchState* launch,
             std::uint64_t limit_nanoseconds) {
  take_jobs(control().turn, count, launch, limit_nanoseconds,
            [=](std::uint32_t job) { run_score(jobs[job]); });
}

/// One thread each.
AXIOM_KERNEL(chain_threads, 1)
axiom_sums(SumJob* jobs, std::uint32_t count, LaunchState* launch,
           std::uint64_t limit_nanoseconds) {
  constexpr int terms_between_looks = 2048;
  std::uint64_t started = 0;
  for (std::uint32_t j = first_chain(); j < count; j += chain_stride()) {
    if (time_is_up(launch, limit_nanoseconds, started)) return;
    const SumJob job = jobs[j];
    double sum = job.done == 0 ? 0.0 : *job.result.get();
    int row = job.done;
    for (int terms = 0; row < job.rows; ++row) {
      if (terms >= terms_between_looks) {
        if (time_is_up(launch, limit_nanoseconds, started)) break;
        terms = 0;
      }
      sum = add_row(job, row, sum);
      terms += job.columns;
    }
    *job.result.get() = sum;
    jobs[j].done = row;
  }
}

/// Eigenvalues of reduced matrices, one thread each. REQUIRES: all parts of the jobs are done.
AXIOM_KERNEL(chain_threads, 1)
axiom_eigenvalues(SpectrumJob* jobs, std::uint32_t count, LaunchState* launch,
                  std::uint64_t limit_nanoseconds) {
  constexpr int sweeps_between_looks = 16;
  std::uint64_t started = 0;
  for (std::uint32_t j = first_chain(); j < count; j += chain_stride()) {
    SpectrumJob& job = jobs[j];
    if (job.status != spectrum_open || time_is_up(launch, limit_nanoseconds, started)) continue;
    arithmetic::TridiagonalQl method{in_global_memory(job.diagonal.get()),
                                     in_global_memory(job.off_diagonal.get()), job.order()};
    method.first = job.first;
    method.sweeps = job.sweeps;
    method.norm = job.norm;
    if (method.sweeps == 0 && !method.scale()) {
      job.status = not_finite;
      continue;
    }
    bool more = true;
    do {
      more = method.advance();
    } while (more && method.sweeps <= method.sweep_limit() &&
             (method.sweeps % sweeps_between_looks != 0 ||
              !time_is_up(launch, limit_nanoseconds, started)));
    if (!more) method.scale_back();
    job.first = method.first;
    job.sweeps = method.sweeps;
    job.norm = method.norm;
    if (!more) {
      job.status = spectrum_done;
    } else if (method.sweeps > method.sweep_limit()) {
      job.status = no_convergence;
    }
  }
}

/// ‖AᵀB‖² from products, one thread each.
AXIOM_KERNEL(chain_threads, 1)
axiom_inner_products(const InnerProductJob* jobs, std::uint32_t count, LaunchState*,
                     std::uint64_t) {
  for (std::uint32_t j = first_chain(); j < count; j += chain_stride()) {
    const InnerProductJob job = jobs[j];
    const std::int64_t n = job.order;
    const double* const x = in_global_memory(job.x.get());
    if (job.y.value == 0) {
      double sum = 0.0;
#pragma unroll 8
      for (std::int64_t e = 0; e < n * n; ++e) sum += x[e] * x[e];
      *job.result.get() = sum;
      continue;
    }
    const double* const y = in_global_memory(job.y.get());
    // The upper triangle in order, doubled, plus the diagonal.
    double diagonal = 0.0;
    double upper = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
      diagonal += x[i * n + i] * y[i * n + i];
#pragma unroll 8
      for (std::int64_t e = i * n + i + 1; e < (i + 1) * n; ++e) upper += x[e] * y[e];
    }
    *job.result.get() = diagonal + 2.0 * upper;
  }
}

}  // namespace axiom::cuda
