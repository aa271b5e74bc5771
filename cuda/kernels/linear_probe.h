// Linear probes of activations by a block of threads: ridge regression by Cholesky's method, in
// the order of client/experiments/ridge.h and cpu/cholesky.inl. Sums of many terms are chains of
// one thread; threads spread over what is independent.
#pragma once

#include <device.h>

#include "client/arithmetic/ops.h"
#include "cuda/kernels/double_product.h"
#include "cuda/kernels/measure_jobs.h"

namespace axiom::cuda {

/// Shared memory of the parts after the Gram matrix.
struct LinearProbeRows {
  double* values;  ///< rows of pivots; or a row, then the solutions
  double& lambda;
  std::uint32_t* right;  ///< of each target

  AXIOM_DEVICE LinearProbeRows(MeasureControl& control, double* rows)
      : values(rows), lambda(control.numbers[0]), right(control.counters) {}
};

/// The upper triangle of hᵀh into that of the system, whose order is one more.
AXIOM_DEVICE void system_tile(const LinearProbeJob& job, int tile, double* staged) {
  const int width = job.fit.width;
  const int order = job.order();
  double* const system = in_global_memory(job.system.get());
  const Operand h = by_unit(job.fit);
  const TilePlace place = symmetric_tile(width, tile);
  product_of_tile(h, h, job.fit.samples, place.row, width, place.column, width, staged,
                  [=](int i, int j, double sum) {
                    if (i <= j) system[static_cast<std::int64_t>(i) * order + j] = sum;
                  });
}

/// Aᵀt of the targets and the bias's column, and λ on the diagonal.
AXIOM_DEVICE void complete_system(const LinearProbeJob& job, const LinearProbeRows& rows) {
  const int width = job.fit.width;
  const int order = job.order();
  const int samples = job.fit.samples;
  double* const system = in_global_memory(job.system.get());
  double* const right = job.coefficients.get();
  for (int e = thread_index(); e < (job.targets + 1) * width; e += thread_count()) {
    const int t = e / width;
    const int j = e % width;
    const float* h = in_global_memory(job.fit.values.get()) + j;
    double sum = 0.0;
#pragma unroll 4
    for (int i = 0; i < samples; ++i, h += job.fit.stride()) {
      const double target =
          t == job.targets ? 1.0 : static_cast<double>(job.fit_signs.get()[i * job.targets + t]);
      sum = arithmetic::fma(target, static_cast<double>(*h), sum);
    }
    if (t == job.targets) {
      system[static_cast<std::int64_t>(j) * order + width] = sum;
    } else {
      right[t * order + j] = sum;
    }
  }
  if (thread_index() == 0) {
    double trace = 0.0;
#pragma unroll 8
    for (int i = 0; i < width; ++i) trace += system[static_cast<std::int64_t>(i) * order + i];
    rows.lambda = 1e-3 * trace / width + 1e-9;
  }
  synchronize_block();
  for (int i = thread_index(); i < order; i += thread_count()) {
    double& entry = system[static_cast<std::int64_t>(i) * order + i];
    entry = (i < width ? entry : static_cast<double>(samples)) + rows.lambda;
  }
  for (int t = thread_index(); t < job.targets; t += thread_count()) {
    double sum = 0.0;
    for (int i = 0; i < samples; ++i) {
      sum += static_cast<double>(job.fit_signs.get()[i * job.targets + t]);
    }
    right[t * order + width] = sum;
  }
}

/// Rows [first, first + count) of the Cholesky factor, in shared memory: row p at p · order. False
/// if a pivot is not positive. The last barrier is before a pivot is replaced by its root, by the
/// thread whose entry it is.
AXIOM_DEVICE bool factor_rows(int first, int count, int order, const LinearProbeRows& rows) {
  for (int p = 0; p < count; ++p) {
    double* const row = rows.values + p * order;
    const int diagonal = first + p;
    for (int j = diagonal + thread_index(); j < order; j += thread_count()) {
      double value = row[j];
      for (int q = 0; q < p; ++q) {
        const double* const above = rows.values + q * order;
        value -= above[diagonal] * above[j];
      }
      row[j] = value;
    }
    synchronize_block();
    const double pivot = row[diagonal];
    if (!(pivot > 0)) return false;
    const double root = arithmetic::sqrt(pivot);
    for (int j = diagonal + 1 + thread_index(); j < order; j += thread_count()) row[j] /= root;
    synchronize_block();
    if (thread_index() == 0) row[diagonal] = root;
  }
  return true;
}

/// Pivots from `first` on, and what they take away from the rows below. False: not positive
/// definite.
AXIOM_DEVICE bool factor_panel(const LinearProbeJob& job, int first, const LinearProbeRows& rows) {
  const int order = job.order();
  const int count = order - first < linear_probe_pivots ? order - first : linear_probe_pivots;
  double* const system = in_global_memory(job.system.get());
  for (int p = 0; p < count; ++p) {
    for (int j = first + p + thread_index(); j < order; j += thread_count()) {
      rows.values[p * order + j] = system[static_cast<std::int64_t>(first + p) * order + j];
    }
  }
  // No barrier: a thread has loaded the entries that it subtracts from.
  if (!factor_rows(first, count, order, rows)) return false;
  for (int p = 0; p < count; ++p) {
    for (int j = first + p + thread_index(); j < order; j += thread_count()) {
      system[static_cast<std::int64_t>(first + p) * order + j] = rows.values[p * order + j];
    }
  }
  constexpr int lanes = 32;
  const int lane = thread_index() % lanes;
  for (int i = first + count + thread_index() / lanes; i < order; i += thread_count() / lanes) {
    double factor[linear_probe_pivots];
#pragma unroll
    for (int p = 0; p < linear_probe_pivots; ++p) {
      factor[p] = p < count ? rows.values[p * order + i] : 0.0;
    }
    for (int j = i + lane; j < order; j += lanes) {
      double value = system[static_cast<std::int64_t>(i) * order + j];
#pragma unroll
      for (int p = 0; p < linear_probe_pivots; ++p) {
        if (p < count) value -= factor[p] * rows.values[p * order + j];
      }
      system[static_cast<std::int64_t>(i) * order + j] = value;
    }
  }
  return true;
}

/// UᵀU v = Aᵀt of all targets. Ends with a barrier.
AXIOM_DEVICE void solve(const LinearProbeJob& job, const LinearProbeRows& rows) {
  const int order = job.order();
  const double* const system = in_global_memory(job.system.get());
  double* const right = job.coefficients.get();
  double* const row = rows.values;
  double* const x = rows.values + order;  // of target t: from t · order on
  for (int e = thread_index(); e < job.targets * order; e += thread_count()) x[e] = right[e];
  synchronize_block();
  for (int k = 0; k < order; ++k) {
    const double* const from = system + static_cast<std::int64_t>(k) * order;
    for (int t = thread_index(); t < job.targets; t += thread_count()) x[t * order + k] /= from[k];
    synchronize_block();
    for (int j = k + 1 + thread_index(); j < order; j += thread_count()) {
      for (int t = 0; t < job.targets; ++t) x[t * order + j] -= from[j] * x[t * order + k];
    }
    synchronize_block();
  }
  for (int k = order; k-- > 0;) {
    for (int j = k + thread_index(); j < order; j += thread_count()) {
      row[j] = system[static_cast<std::int64_t>(k) * order + j];
    }
    synchronize_block();
    for (int t = thread_index(); t < job.targets; t += thread_count()) {
      double value = x[t * order + k];
#pragma unroll 8
      for (int j = k + 1; j < order; ++j) value -= row[j] * x[t * order + j];
      x[t * order + k] = value / row[k];
    }
    synchronize_block();
  }
}

/// Of each target, the share of test samples that are told right. After solve().
AXIOM_DEVICE void find_accuracies(const LinearProbeJob& job, const LinearProbeRows& rows) {
  const int order = job.order();
  const int width = job.test.width;
  const double* const x = rows.values + order;
  for (int t = thread_index(); t < job.targets; t += thread_count()) rows.right[t] = 0;
  synchronize_block();
  for (int e = thread_index(); e < job.targets * job.test.samples; e += thread_count()) {
    const int t = e / job.test.samples;
    const int i = e % job.test.samples;
    const float* const h =
        in_global_memory(job.test.values.get()) + static_cast<std::int64_t>(i) * job.test.stride();
    const double* const v = x + t * order;
    double score = 0.0;
#pragma unroll 8
    for (int j = 0; j < width; ++j) score += static_cast<double>(h[j]) * v[j];
    score += v[width];
    const bool positive = job.test_signs.get()[i * job.targets + t] > 0;
    if ((score > 0) == positive) fetch_add(&rows.right[t], 1);
  }
  synchronize_block();
  for (int t = thread_index(); t < job.targets; t += thread_count()) {
    job.accuracies.get()[t] = static_cast<double>(rows.right[t]) / job.test.samples;
  }
}

}  // namespace axiom::cuda
