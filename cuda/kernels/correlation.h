// Correlations of a layer's units with the inputs by a block of threads: the operations of
// activation_selectivity() (client/experiments/weight_measures.cpp), in its order.
#pragma once

#include <device.h>

#include "client/arithmetic/ops.h"
#include "cuda/kernels/double_product.h"
#include "cuda/kernels/measure_jobs.h"

namespace axiom::cuda {

/// 1 / SD of the columns, the SD floored. Each thread for the columns whose means it found.
AXIOM_DEVICE void find_inverse_sds(const Activations& h, const double* means, double least,
                                   double* inverse) {
  for (int j = thread_index(); j < h.width; j += thread_count()) {
    const float* value = in_global_memory(h.values.get()) + j;
    const double mean = means[j];
    double sum = 0.0;
#pragma unroll 8
    for (int i = 0; i < h.samples; ++i, value += h.stride()) {
      const double centred = static_cast<double>(*value) - mean;
      sum += centred * centred;
    }
    const double sd = arithmetic::sqrt(sum / h.samples);
    inverse[j] = 1.0 / (sd < least ? least : sd);
  }
}

/// Means and SDs of both operands. No barrier.
AXIOM_DEVICE void standardize(const CorrelationJob& job) {
  double* const means_h = job.means.get() + job.x.width;
  double* const inverse_h = job.inverse_sds.get() + job.x.width;
  find_means(job.x, job.means.get());
  find_means(job.h, means_h);
  find_inverse_sds(job.x, job.means.get(), job.least_deviation, job.inverse_sds.get());
  find_inverse_sds(job.h, means_h, job.least_deviation, inverse_h);
}

/// REQUIRES: a barrier since standardize().
AXIOM_DEVICE void correlation_tile(const CorrelationJob& job, int tile, double* staged) {
  const double* const means = job.means.get();
  rectangular_product(by_unit(job.x, means), by_unit(job.h, means + job.x.width), job.h.samples,
                      job.x.width, job.h.width, tile, job.products.get(), staged);
}

/// From products to the two results. REQUIRES: a barrier since the last tile.
AXIOM_DEVICE void sum_correlations(const CorrelationJob& job) {
  const int inputs = job.x.width;
  const int width = job.h.width;
  const double* const inverse_x = job.inverse_sds.get();
  const double* const inverse_h = inverse_x + inputs;
  double* const largest = job.of_units.get();
  double* const mean = largest + width;
  for (int n = thread_index(); n < width; n += thread_count()) {
    const double* product = in_global_memory(job.products.get()) + n;
    double best = 0.0;
    double sum = 0.0;
    for (int i = 0; i < inputs; ++i, product += width) {
      const double signed_one = *product / job.h.samples * inverse_h[n] * inverse_x[i];
      const double correlation = signed_one < 0.0 ? -signed_one : signed_one;
      best = best < correlation ? correlation : best;
      sum += correlation;
    }
    largest[n] = best;
    mean[n] = sum / inputs;
  }
  synchronize_block();
  if (thread_index() == 0) {
    double sum_of_largest = 0.0;
    double sum_of_means = 0.0;
#pragma unroll 8
    for (int n = 0; n < width; ++n) {
      sum_of_largest += largest[n];
      sum_of_means += mean[n];
    }
    job.results.get()[0] = sum_of_largest / width;
    job.results.get()[1] = sum_of_means / width;
  }
}

}  // namespace axiom::cuda
