// Double-precision products for the metrics (client/plan/matrix_ops.h), over an instruction set's
// lanes; Gram matrices: cpu/gram.inl.
#pragma once

#include "cpu/tile.inl"
#include "cpu/workspace.h"

namespace axiom::cpu {

/// `vectors`: of a panel.
template <class Isa, int vectors = Isa::tile_vectors>
struct MatrixKernels {
  using D = typename Isa::Double;
  using Geometry = Panel<Isa, D, vectors>;
  static constexpr int lanes = D::lanes;
  static constexpr int width = Geometry::width;
  static constexpr int tile_rows = Geometry::rows;

  static Index panel_doubles(int rows) { return static_cast<Index>(rows) * width; }
  static int panels(int columns) { return (columns + width - 1) / width; }

  /// Row-major to panels, row by row, so that reading is sequential; padding columns become zero.
  template <class Scalar>
  static void pack(const Scalar* from, int rows, int columns, double* to) {
    const int full = columns / width;
    for (int r = 0; r < rows; ++r) {
      const Scalar* row = from + static_cast<Index>(r) * columns;
      double* packed = to + r * width;
      for (int panel = 0; panel < full; ++panel) {
#pragma GCC unroll 4
        for (int v = 0; v < width; v += lanes) D::load_unaligned(row + v).store(packed + v);
        row += width;
        packed += panel_doubles(rows);
      }
      if (full * width < columns) {
        for (int c = 0; c < width; ++c) packed[c] = full * width + c < columns ? row[c] : Scalar{};
      }
    }
  }

  /// Rows of the operands that are packed and summed at once, so that the panels of a tile stay in
  /// the first-level cache (measured: docs/PERFORMANCE_CHANGES.md). Sums continue from block to
  /// block.
  static constexpr int row_block = 128;

  static void transposed_product(const double* a, const double* b, double* c, int rows, int m,
                                 int n) {
    const Index a_size = panels(m) * panel_doubles(row_block);
    const Index b_size = panels(n) * panel_doubles(row_block);
    double* packed = thread_workspace(static_cast<std::size_t>(a_size + b_size));
    for (int first = 0; first < rows || first == 0; first += row_block) {
      const int count = rows - first < row_block ? rows - first : row_block;
      pack(a + static_cast<Index>(first) * m, count, m, packed);
      pack(b + static_cast<Index>(first) * n, count, n, packed + a_size);
      const Product<double> p{
          packed, panel_doubles(count), packed + a_size, panel_doubles(count), m, n, count};
      accumulate(p, first == 0, c, n, n);
    }
  }

  /// Adds a product to the columns [0, columns) of c, whose rows are `stride` apart.
  static void accumulate(const Product<double>& p, bool from_zero, double* c, Index stride,
                         int columns) {
    const auto store = [=](Index panel, Index row, int v, D sum) __attribute__((always_inline)) {
      store_some(sum, c + row * stride, panel * width + v * lanes, columns);
    };
    if (from_zero) {
      product<Isa, D, Walk::along_rows, vectors>(
          p, [](Index, Index, int) __attribute__((always_inline)) { return D::zero(); }, store);
    } else {
      product<Isa, D, Walk::along_rows, vectors>(
          p,
          [=](Index panel, Index row, int v) __attribute__((always_inline)) {
            return load_some(c + row * stride, panel * width + v * lanes, columns);
          },
          store);
    }
  }

  /// The lanes that lie inside a row of n columns; zeros beyond.
  static AXIOM_INLINE D load_some(const double* row, Index column, int n) {
    if (column + lanes <= n) return D::load_unaligned(row + column);
    alignas(64) double values[lanes] = {};
    for (int i = 0; column + i < n; ++i) values[i] = row[column + i];
    return D::load(values);
  }
  /// Stores the lanes that lie inside a row of n columns; beyond it nothing changes.
  static AXIOM_INLINE void store_some(D sum, double* row, Index column, int n) {
    if (column + lanes <= n) {
      sum.store_unaligned(row + column);
      return;
    }
    alignas(64) double values[lanes];
    sum.store(values);
    for (int i = 0; column + i < n; ++i) row[column + i] = values[i];
  }
};

}  // namespace axiom::cpu
