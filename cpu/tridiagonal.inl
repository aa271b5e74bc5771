// Householder reduction of a symmetric matrix to tridiagonal form, without vectors.
//
// Golub and Van Loan, "Matrix Computations", 8.3.1, on the full square so that lanes run over the
// columns. With A the trailing matrix of step k (rows and columns k+1 … n−1), x its column in row
// k:
//   s = Σ x_i² from x[1] on (fma, upwards); if s = 0 the row is tridiagonal already: e = x_0.
//   e = −sign(x_0)·sqrt(fma(x_0, x_0, s)); v = x, v_0 = x_0 − e; h = fma(v_0, v_0, s) / 2
//   y_j = Σ_i A_ij·v_i (fma, i upwards from +0), then y_j ← y_j / h
//   t = (Σ v_i·y_i) / (2h);  w_j = fma(−t, v_j, y_j)
//   A_ij ← fma(−v_i, w_j, fma(−w_i, v_j, A_ij))
// The update by (v, w) of step k is applied while y of step k+1 is summed: one pass over the
// matrix. It lies in panels of columns, so that a panel's y stay in registers; passes go to and
// fro, so that each begins with the panels that the one before has left in the first-level cache.
#pragma once

#include "cpu/tile.inl"
#include "cpu/workspace.h"

namespace axiom::cpu {

template <class Isa>
struct Tridiagonal {
  using D = typename Isa::Double;
  static constexpr int lanes = D::lanes;
  /// A row takes three fma per vector, and its sums wait four cycles for those of the row before.
  static constexpr int vectors = Isa::reduction_vectors;
  static_assert(vectors <= 3, "update_and_multiply() has a case for each");
  static constexpr int width = vectors * lanes;

  /// Doubles that reduce() needs, 64-byte aligned.
  static std::size_t workspace(int n) { return static_cast<std::size_t>(padded(n) * (n + 4)); }

  static void reduce(const double* matrix, int n, double* diagonal, double* off_diagonal) {
    reduce(matrix, n, diagonal, off_diagonal, thread_workspace(workspace(n)));
  }
  static void reduce(const double* matrix, int n, double* diagonal, double* off_diagonal,
                     double* a) {
    pack(matrix, n, a);
    double* const after = a + padded(n) * n;
    Rows rows{after, after + padded(n), after + 2 * padded(n), after + 3 * padded(n)};
    for (Index j = 0; j < 4 * padded(n); ++j) after[j] = 0.0;
    off_diagonal[0] = 0.0;
    bool upwards = true;
    for (int k = 0; k < n; ++k) {
      // Row k still awaits the update of step k−1 (v and w are 0 at first).
      update_row(a, n, k, rows);
      diagonal[k] = rows.next_v[k];
      if (k + 1 == n) break;
      double h = 0.0;
      off_diagonal[k + 1] = householder(rows.next_v, k + 1, n, h);
      const Index panels = padded(n) / width;
      const Index first = (k + 1) / width;
      for (Index i = first; i < panels; ++i) {
        const Index panel = upwards ? i : panels - 1 - (i - first);
        update_and_multiply(a + panel * width * n, static_cast<int>(panel) * width, k + 1, n, rows);
      }
      upwards = !upwards;
      finish_step(h, k + 1, n, rows);
    }
  }

 private:
  static Index padded(int n) { return (n + width - 1) / width * static_cast<Index>(width); }
  static AXIOM_INLINE int aligned(int column) { return column / lanes * lanes; }

  /// n numbers each, padded with zeros.
  struct Rows {
    double* v;  ///< the pending update: v, w
    double* w;
    double* next_v;  ///< the row in work, then its reflector
    double* y;
  };

  static void pack(const double* matrix, int n, double* a) {
    for (Index first = 0; first < n; first += width) {
      const Index count = n - first < width ? n - first : width;
      for (Index i = 0; i < n; ++i, a += width) {
        const double* row = matrix + i * n + first;
        for (Index j = 0; j < count; ++j) a[j] = row[j];
        for (Index j = count; j < width; ++j) a[j] = 0.0;
      }
    }
  }

  /// Row k with its update, which nothing needs in the matrix any more.
  static void update_row(const double* a, int n, int k, const Rows& rows) {
    const D minus_vk = D::splat(-rows.v[k]);
    const D minus_wk = D::splat(-rows.w[k]);
    for (Index j = aligned(k); j < n; j += lanes) {
      const double* entry = a + (j / width) * width * n + k * width + j % width;
      const D inner = fma(minus_wk, D::load(rows.v + j), D::load(entry));
      fma(minus_vk, D::load(rows.w + j), inner).store(rows.next_v + j);
    }
  }

  /// The reflector of row[from …], in its place; its h, and the resulting off-diagonal entry.
  static double householder(double* row, int from, int n, double& h) {
    double tail = 0.0;
    for (int j = from + 1; j < n; ++j) tail = arithmetic::fma(row[j], row[j], tail);
    const double first = row[from];
    for (int j = aligned(from); j < from; ++j) row[j] = 0.0;
    if (tail == 0.0) {
      for (int j = from; j < n; ++j) row[j] = 0.0;
      h = 0.0;
      return first;
    }
    const double norm = arithmetic::sqrt(arithmetic::fma(first, first, tail));
    const double e = first < 0.0 ? norm : -norm;
    row[from] = first - e;
    h = arithmetic::fma(row[from], row[from], tail) * 0.5;
    return e;
  }

  /// A ← A − v·wᵀ − w·vᵀ and y = A·next_v in the columns of a panel, which begins with column
  /// `column`, on rows from …; whole vectors beside the trailing matrix are left out.
  static void update_and_multiply(double* panel, int column, int from, int n, const Rows& rows) {
    const int begin = from > column ? (from - column) / lanes : 0;
    const int end = n - column < width ? (n - column + lanes - 1) / lanes : vectors;
    double* entry = panel + static_cast<Index>(from) * width + begin * lanes;
    const int first = column + begin * lanes;
    switch (end - begin) {
      case 1:
        columns<1>(entry, first, from, n, rows);
        break;
      case 2:
        columns<2>(entry, first, from, n, rows);
        break;
      default:
        columns<vectors>(entry, first, from, n, rows);
    }
  }

  template <int V>
  static AXIOM_INLINE void columns(double* entry, int column, int from, int n, const Rows& rows) {
    const D minus_one = D::splat(-1.0);  // zeros change their sign, too
    D minus_v[V];
    D minus_w[V];
    D sum[V];
#pragma GCC unroll 4
    for (int u = 0; u < V; ++u) {
      minus_v[u] = mul(minus_one, D::load(rows.v + column + u * lanes));
      minus_w[u] = mul(minus_one, D::load(rows.w + column + u * lanes));
      sum[u] = D::zero();
    }
    const double* const vi = rows.v;
    const double* const wi = rows.w;
    const double* const factor = rows.next_v;
    for (Index i = from; i < n; ++i, entry += width) {
      const D row_v = D::broadcast(vi + i);
      const D row_w = D::broadcast(wi + i);
      const D row_factor = D::broadcast(factor + i);
#pragma GCC unroll 4
      for (int u = 0; u < V; ++u) {
        const D value = fma(row_v, minus_w[u], fma(row_w, minus_v[u], D::load(entry + u * lanes)));
        value.store(entry + u * lanes);
        sum[u] = fma(value, row_factor, sum[u]);
      }
    }
#pragma GCC unroll 4
    for (int u = 0; u < V; ++u) sum[u].store(rows.y + column + u * lanes);
  }

  /// From y = A·v to w; (next_v, w) become the pending update.
  static void finish_step(double h, int from, int n, Rows& rows) {
    double* const old_v = rows.v;
    rows.v = rows.next_v;
    rows.next_v = old_v;
    if (h == 0.0) {
      for (int j = aligned(from); j < n; j += lanes) D::zero().store(rows.w + j);
      return;
    }
    const D divisor = D::splat(h);
    for (int j = aligned(from); j < n; j += lanes) {
      div(D::load(rows.y + j), divisor).store(rows.y + j);
    }
    double dot = 0.0;
    for (int j = from; j < n; ++j) dot = arithmetic::fma(rows.v[j], rows.y[j], dot);
    const D minus_t = D::splat(-(dot / (2.0 * h)));
    for (int j = aligned(from); j < n; j += lanes) {
      fma(minus_t, D::load(rows.v + j), D::load(rows.y + j)).store(rows.w + j);
    }
  }
};

}  // namespace axiom::cpu
