// Products in double of a block of threads: c[i][j] = Σ_r a(r, i)·b(r, j), r upwards, one fma each
// from +0 (client/plan/matrix_ops.h). Each output is summed by one thread.
#pragma once

#include <device.h>

#include "client/arithmetic/ops.h"
#include "cuda/kernels/measure_jobs.h"

namespace axiom::cuda {

/// Floats as a matrix of doubles, which may be transposed and shifted.
struct Operand {
  const float* values;
  std::int64_t term_stride;
  std::int64_t column_stride;
  const double* offsets = nullptr;  ///< subtracted
  int term_offsets = 0;             ///< 1: one for each term; 0: one for each column

  AXIOM_DEVICE double at(int term, int column) const {
    const double value = static_cast<double>(values[term * term_stride + column * column_stride]);
    return offsets == nullptr ? value : value - offsets[term_offsets != 0 ? term : column];
  }
};

/// Terms are samples, columns are units.
AXIOM_DEVICE Operand by_unit(const Activations& h, const double* means = nullptr) {
  return {in_global_memory(h.values.get()), h.stride(), 1, means, 0};
}
/// Terms are units, columns are samples.
AXIOM_DEVICE Operand by_sample(const Activations& h, const double* means = nullptr) {
  return {in_global_memory(h.values.get()), 1, h.stride(), means, 1};
}

/// Means of the columns, each summed from the first sample down. No barrier.
AXIOM_DEVICE void find_means(const Activations& h, double* means) {
  for (int j = thread_index(); j < h.width; j += thread_count()) {
    const float* value = in_global_memory(h.values.get()) + j;
    double sum = 0.0;
#pragma unroll 8
    for (int i = 0; i < h.samples; ++i, value += h.stride()) sum += static_cast<double>(*value);
    means[j] = sum / h.samples;
  }
}

/// Copies terms [first, first + count) of the columns from `column` on; zeros beyond `columns`.
/// Threads that follow one another read what lies together.
AXIOM_DEVICE void stage(const Operand& x, int first, int count, int column, int columns,
                        double* staged) {
  for (int e = thread_index(); e < product_slab * product_tile; e += thread_count()) {
    const bool along_columns = x.column_stride == 1;
    const int r = along_columns ? e / product_tile : e % product_slab;
    const int i = along_columns ? e % product_tile : e / product_slab;
    const bool inside = r < count && column + i < columns;
    staged[r * (product_tile + 1) + i] = inside ? x.at(first + r, column + i) : 0.0;
  }
}

/// The tile whose first output is (row, column) of rows × columns, handed to `sink(i, j, sum)`.
/// REQUIRES: measure_threads threads; `staged` holds staged_doubles.
template <class Sink>
AXIOM_DEVICE void product_of_tile(const Operand& a, const Operand& b, int terms, int row, int rows,
                                  int column, int columns, double* staged, const Sink& sink) {
  constexpr int each = 4;  // rows and columns of a thread, `across` apart
  constexpr int across = product_tile / each;
  static_assert(across * across == measure_threads);
  double* const staged_b = staged + staged_doubles / 2;
  const int y = thread_index() / across;
  const int x = thread_index() % across;
  double sum[each][each] = {};
  for (int first = 0; first < terms; first += product_slab) {
    const int count = terms - first < product_slab ? terms - first : product_slab;
    stage(a, first, count, row, rows, staged);
    stage(b, first, count, column, columns, staged_b);
    synchronize_block();
#pragma unroll 4
    for (int r = 0; r < count; ++r) {
      double from_a[each];
      double from_b[each];
#pragma unroll
      for (int k = 0; k < each; ++k) {
        from_a[k] = staged[r * (product_tile + 1) + y + across * k];
        from_b[k] = staged_b[r * (product_tile + 1) + x + across * k];
      }
#pragma unroll
      for (int k = 0; k < each; ++k) {
#pragma unroll
        for (int l = 0; l < each; ++l) {
          sum[k][l] = arithmetic::fma(from_a[k], from_b[l], sum[k][l]);
        }
      }
    }
    synchronize_block();
  }
#pragma unroll
  for (int k = 0; k < each; ++k) {
#pragma unroll
    for (int l = 0; l < each; ++l) {
      const int i = row + y + across * k;
      const int j = column + x + across * l;
      if (i < rows && j < columns) sink(i, j, sum[k][l]);
    }
  }
}

/// The first output of a tile.
struct TilePlace {
  int row;
  int column;
};
/// Tile number `tile` of those on and above the diagonal of a symmetric matrix.
AXIOM_DEVICE TilePlace symmetric_tile(int order, int tile) {
  int row = 0;
  for (int length = (order + product_tile - 1) / product_tile; tile >= length; --length) {
    tile -= length;
    ++row;
  }
  return {row * product_tile, (row + tile) * product_tile};
}

/// Tile number `tile` of xᵀx (order × order, rows without padding) and its mirror image.
AXIOM_DEVICE void symmetric_product(const Operand& x, int terms, int order, int tile,
                                    double* product, double* staged) {
  const TilePlace place = symmetric_tile(order, tile);
  product_of_tile(x, x, terms, place.row, order, place.column, order, staged,
                  [=](int i, int j, double sum) {
                    if (i > j) return;  // within a tile on the diagonal: another thread's
                    product[static_cast<std::int64_t>(i) * order + j] = sum;
                    product[static_cast<std::int64_t>(j) * order + i] = sum;
                  });
}

/// Tile number `tile` of aᵀb (rows × columns, without padding).
AXIOM_DEVICE void rectangular_product(const Operand& a, const Operand& b, int terms, int rows,
                                      int columns, int tile, double* product, double* staged) {
  const int across = (columns + product_tile - 1) / product_tile;
  product_of_tile(a, b, terms, tile / across * product_tile, rows, tile % across * product_tile,
                  columns, staged, [=](int i, int j, double sum) {
                    product[static_cast<std::int64_t>(i) * columns + j] = sum;
                  });
}

}  // namespace axiom::cuda
