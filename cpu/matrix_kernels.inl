// Double-precision products for the metrics (client/plan/matrix_ops.h), over an instruction set's
// lanes.
#pragma once

#include "cpu/tile.inl"
#include "cpu/workspace.h"

namespace axiom::cpu {

template <class Isa>
struct MatrixKernels {
  using D = typename Isa::Double;
  static constexpr int lanes = D::lanes;
  static constexpr int width = Panel<Isa, D>::width;

  static std::ptrdiff_t panel_floats(int rows) { return static_cast<std::ptrdiff_t>(rows) * width; }
  static int panels(int columns) { return (columns + width - 1) / width; }

  /// Row-major to panels; padding columns stay zero.
  static void pack(const double* from, int rows, int columns, double* to) {
    for (int panel = 0; panel < panels(columns); ++panel) {
      const int count = columns - panel * width < width ? columns - panel * width : width;
      for (int r = 0; r < rows; ++r) {
        const double* row = from + static_cast<std::ptrdiff_t>(r) * columns + panel * width;
        double* packed = to + panel * panel_floats(rows) + r * width;
        for (int c = 0; c < count; ++c) packed[c] = row[c];
      }
    }
  }

  static void transposed_product(const double* a, const double* b, double* c, int rows, int m,
                                 int n) {
    const std::ptrdiff_t a_size = panels(m) * panel_floats(rows);
    const std::ptrdiff_t b_size = panels(n) * panel_floats(rows);
    double* packed = thread_workspace(static_cast<std::size_t>(a_size + b_size));
    pack(a, rows, m, packed);
    pack(b, rows, n, packed + a_size);
    const Product<double> p{packed, panel_floats(rows), packed + a_size, panel_floats(rows), m, n,
                            rows};
    product<Isa, D, Walk::along_rows>(
        p, [](int, int, int) __attribute__((always_inline)) { return D::zero(); },
        [&](int panel, int row, int v, D sum) __attribute__((always_inline)) {
          store_some(sum, c + static_cast<std::ptrdiff_t>(row) * n, panel * width + v * lanes, n);
        });
  }

  /// Panels on and above the diagonal are computed, the rest is mirrored.
  static void gram(const double* a, double* c, int rows, int m) {
    double* packed = thread_workspace(static_cast<std::size_t>(panels(m) * panel_floats(rows)));
    pack(a, rows, m, packed);
    for (int panel = 0; panel < panels(m); ++panel) {
      const int columns = m - panel * width < width ? m - panel * width : width;
      const Product<double> p{packed,
                              panel_floats(rows),
                              packed + panel * panel_floats(rows),
                              panel_floats(rows),
                              panel * width + columns,
                              columns,
                              rows};
      product<Isa, D, Walk::along_rows>(
          p, [](int, int, int) __attribute__((always_inline)) { return D::zero(); },
          [&](int, int row, int v, D sum) __attribute__((always_inline)) {
            store_some(sum, c + static_cast<std::ptrdiff_t>(row) * m, panel * width + v * lanes, m);
          });
    }
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < i; ++j) {
        c[static_cast<std::ptrdiff_t>(i) * m + j] = c[static_cast<std::ptrdiff_t>(j) * m + i];
      }
    }
  }

 private:
  /// Stores the lanes that lie inside a row of n columns.
  static AXIOM_INLINE void store_some(D sum, double* row, int column, int n) {
    alignas(64) double values[lanes];
    sum.store(values);
    for (int i = 0; i < lanes && column + i < n; ++i) row[column + i] = values[i];
  }
};

}  // namespace axiom::cpu
