// Householder reduction to tridiagonal form by a block of threads: the operations of
// cpu/tridiagonal.inl, in its order. Sums along a row are chains of one thread; each thread sums
// the entries y_j of its columns.
#pragma once

#include <device.h>

#include "client/arithmetic/ops.h"
#include "cuda/kernels/measure_jobs.h"

namespace axiom::cuda {

/// Shared memory of the reduction: order numbers each.
struct TridiagonalRows {
  double* v;  ///< the pending update: v, w
  double* w;
  double* next_v;  ///< the row in work, then its reflector
  double* y;
  // One number each.
  double& e;  ///< the coupling
  double& first;
  double& h;
  double& dot;

  AXIOM_DEVICE TridiagonalRows(MeasureControl& control, double* rows, int order)
      : v(rows),
        w(rows + order),
        next_v(rows + 2 * order),
        y(rows + 3 * order),
        e(control.numbers[0]),
        first(control.numbers[1]),
        h(control.numbers[2]),
        dot(control.numbers[3]) {}
};

/// The pending update between launches. Before column 0 there is none.
AXIOM_DEVICE void load_update(const SpectrumJob& job, int column, const TridiagonalRows& rows) {
  const int n = job.order();
  for (int j = thread_index(); j < n; j += thread_count()) {
    rows.v[j] = column == 0 ? 0.0 : job.update.get()[j];
    rows.w[j] = column == 0 ? 0.0 : job.update.get()[n + j];
  }
  synchronize_block();
}
/// REQUIRES: a barrier since the last column.
AXIOM_DEVICE void store_update(const SpectrumJob& job, const TridiagonalRows& rows) {
  const int n = job.order();
  for (int j = thread_index(); j < n; j += thread_count()) {
    job.update.get()[j] = rows.v[j];
    job.update.get()[n + j] = rows.w[j];
  }
}

/// The reflector of the row in rows.next_v, from column `from` on. For one thread.
AXIOM_DEVICE void find_reflector(int from, int n, const TridiagonalRows& rows) {
  const double* const row = rows.next_v;
  double tail = 0.0;
#pragma unroll 8
  for (int j = from + 1; j < n; ++j) tail = arithmetic::fma(row[j], row[j], tail);
  const double first = row[from];
  rows.e = first;
  rows.h = 0.0;
  if (tail == 0.0) return;
  const double norm = arithmetic::sqrt(arithmetic::fma(first, first, tail));
  rows.e = first < 0.0 ? norm : -norm;
  rows.first = first - rows.e;
  rows.h = arithmetic::fma(rows.first, rows.first, tail) * 0.5;
}

/// Step k of the reduction. Ends with a barrier.
AXIOM_DEVICE void reduce_column(const SpectrumJob& job, int k, const TridiagonalRows& rows) {
  const int n = job.order();
  double* const a = in_global_memory(job.matrix.get());
  const int from = k + 1;
  for (int j = k + thread_index(); j < n; j += thread_count()) {
    const double inner =
        arithmetic::fma(-rows.w[k], rows.v[j], a[static_cast<std::int64_t>(k) * n + j]);
    rows.next_v[j] = arithmetic::fma(-rows.v[k], rows.w[j], inner);
  }
  synchronize_block();
  if (thread_index() == 0) {
    job.diagonal.get()[k] = rows.next_v[k];
    if (k == 0) job.off_diagonal.get()[0] = 0.0;
    if (from < n) {
      find_reflector(from, n, rows);
      job.off_diagonal.get()[from] = rows.e;
    }
  }
  synchronize_block();
  if (from == n) return;
  const double h = rows.h;
  for (int j = from + thread_index(); j < n; j += thread_count()) {
    const double vj = rows.v[j];
    const double wj = rows.w[j];
    double sum = 0.0;
    double* column = a + static_cast<std::int64_t>(from) * n + j;
#pragma unroll 4
    for (int i = from; i < n; ++i, column += n) {
      const double value =
          arithmetic::fma(-rows.v[i], wj, arithmetic::fma(-rows.w[i], vj, *column));
      *column = value;
      const double reflected = h == 0.0 ? 0.0 : (i == from ? rows.first : rows.next_v[i]);
      sum = arithmetic::fma(value, reflected, sum);
    }
    rows.y[j] = h == 0.0 ? 0.0 : sum / h;
  }
  synchronize_block();
  if (thread_index() == 0) {
    rows.next_v[from] = rows.first;
    double dot = 0.0;
    if (h != 0.0) {
#pragma unroll 8
      for (int j = from; j < n; ++j) dot = arithmetic::fma(rows.next_v[j], rows.y[j], dot);
      dot /= 2.0 * h;
    }
    rows.dot = dot;
  }
  synchronize_block();
  for (int j = from + thread_index(); j < n; j += thread_count()) {
    const double vj = rows.next_v[j];
    rows.v[j] = h != 0.0 ? vj : 0.0;
    rows.w[j] = h != 0.0 ? arithmetic::fma(-rows.dot, vj, rows.y[j]) : 0.0;
  }
  synchronize_block();
}

}  // namespace axiom::cuda
