// Loss and accuracy of a network's outputs by a block of threads, and ordered sums by one thread
// each: the operations of client/experiments/{classification,matrix_sums}.cpp, in their order.
#pragma once

#include <device.h>

#include "client/arithmetic/cross_entropy.h"
#include "client/arithmetic/ops.h"
#include "cuda/kernels/measure_jobs.h"

namespace axiom::cuda {

AXIOM_DEVICE bool is_finite(float value) {
  constexpr std::int32_t exponent = 0x7f800000;
  return (arithmetic::to_bits(value) & exponent) != exponent;
}

/// `right`, `not_finite_samples`: counters in shared memory, zero. REQUIRES: a barrier before and
/// after.
AXIOM_DEVICE void find_losses(const ScoreJob& job, std::uint32_t* right,
                              std::uint32_t* not_finite_samples) {
  const bool sigmoid = job.sigmoid != 0;
  const std::int32_t* const labels = in_global_memory(job.labels.get());
  double* const losses = in_global_memory(job.losses.get());
  for (int i = thread_index(); i < job.samples; i += thread_count()) {
    const float* const logits =
        in_global_memory(job.outputs.get()) + static_cast<std::int64_t>(i) * padded(job.classes);
    losses[i] = arithmetic::cross_entropy(logits, job.classes, sigmoid, labels[i]);
    if (arithmetic::predicted_class(logits, job.classes, sigmoid) == labels[i]) fetch_add(right, 1);
    bool finite = true;
    for (int k = 0; k < job.classes; ++k) finite = finite && is_finite(logits[k]);
    if (!finite) fetch_add(not_finite_samples, 1);
  }
}

/// For one thread.
AXIOM_DEVICE void sum_up(const ScoreJob& job, std::uint32_t right,
                         std::uint32_t not_finite_samples) {
  const double* const losses = in_global_memory(job.losses.get());
  double sum = 0.0;
#pragma unroll 8
  for (int i = 0; i < job.samples; ++i) sum += losses[i];
  job.results.get()[0] = sum / job.samples;
  job.results.get()[1] = static_cast<double>(right) / job.samples;
  job.results.get()[2] = static_cast<double>(not_finite_samples);
}

/// `sum` and the terms of one row.
AXIOM_DEVICE double add_row(const SumJob& job, int row, double sum) {
  const float* const x =
      in_global_memory(job.first.get()) + static_cast<std::int64_t>(row) * job.stride;
  if (job.magnitudes != 0) {
#pragma unroll 8
    for (int j = 0; j < job.columns; ++j) {
      const double value = x[j];
      sum += value < 0.0 ? -value : value;
    }
  } else {
#pragma unroll 8
    for (int j = 0; j < job.columns; ++j) {
      const double value = x[j];
      sum += value * value;
    }
  }
  return sum;
}

}  // namespace axiom::cuda
