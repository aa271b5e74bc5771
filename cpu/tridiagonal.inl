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
// matrix.
#pragma once

#include "cpu/tile.inl"
#include "cpu/workspace.h"

namespace axiom::cpu {

template <class Isa>
struct Tridiagonal {
  using D = typename Isa::Double;
  static constexpr int lanes = D::lanes;
  static constexpr int row_block = 4;  ///< rows per pass over y

  static void reduce(const double* matrix, int n, double* diagonal, double* off_diagonal) {
    // One cache line more than a multiple of lanes: rows do not share cache sets.
    const std::ptrdiff_t stride = (n + 7) / 8 * 8 + 8;
    const std::size_t size = static_cast<std::size_t>(stride) * static_cast<std::size_t>(n);
    double* a = thread_workspace(size + 4 * static_cast<std::size_t>(stride));
    double* v = a + size;
    double* w = v + stride;
    double* next_v = w + stride;
    double* y = next_v + stride;
    for (int i = 0; i < n; ++i) {
      double* row = a + i * stride;
      for (int j = 0; j < n; ++j) row[j] = matrix[static_cast<std::ptrdiff_t>(i) * n + j];
      for (std::ptrdiff_t j = n; j < stride; ++j) row[j] = 0.0;
    }
    for (std::ptrdiff_t j = 0; j < 4 * stride; ++j) v[j] = 0.0;  // v, w, next_v and y
    off_diagonal[0] = 0.0;
    for (int k = 0; k < n; ++k) {
      // Row k still awaits the update of step k−1 (v and w are 0 at first).
      update_row(a + k * stride, v[k], w[k], v, w, k, n);
      diagonal[k] = a[k * stride + k];
      if (k + 1 == n) break;
      double h = 0.0;
      off_diagonal[k + 1] = householder(a + k * stride, next_v, k + 1, n, h);
      for (std::ptrdiff_t j = 0; j < stride; ++j) y[j] = 0.0;
      update_and_multiply(a, stride, v, w, next_v, y, k + 1, n);
      finish_step(next_v, y, h, v, w, k + 1, n);
    }
  }

 private:
  static AXIOM_INLINE int aligned(int column) { return column / lanes * lanes; }

  static void update_row(double* row, double vi, double wi, const double* v, const double* w,
                         int from, int n) {
    const D minus_vi = D::splat(-vi);
    const D minus_wi = D::splat(-wi);
    for (int j = aligned(from); j < n; j += lanes) {
      const D inner = fma(minus_wi, D::load(v + j), D::load(row + j));
      fma(minus_vi, D::load(w + j), inner).store(row + j);
    }
  }

  /// The reflector of row[from …]: vector in v, its h, and the resulting off-diagonal entry.
  static double householder(const double* row, double* v, int from, int n, double& h) {
    double tail = 0.0;
    for (int j = from + 1; j < n; ++j) tail = arithmetic::fma(row[j], row[j], tail);
    const double first = row[from];
    if (tail == 0.0) {
      for (int j = 0; j < n; ++j) v[j] = 0.0;
      h = 0.0;
      return first;
    }
    const double norm = arithmetic::sqrt(arithmetic::fma(first, first, tail));
    const double e = first < 0.0 ? norm : -norm;
    for (int j = 0; j < from; ++j) v[j] = 0.0;
    v[from] = first - e;
    for (int j = from + 1; j < n; ++j) v[j] = row[j];
    h = arithmetic::fma(v[from], v[from], tail) * 0.5;
    return e;
  }

  /// A ← A − v·wᵀ − w·vᵀ on rows from …; y += A·next_v.
  static void update_and_multiply(double* a, std::ptrdiff_t stride, const double* v,
                                  const double* w, const double* next_v, double* y, int from,
                                  int n) {
    int i = from;
    for (; i + row_block <= n; i += row_block)
      rows<row_block>(a, stride, v, w, next_v, y, i, from, n);
    for (; i < n; ++i) rows<1>(a, stride, v, w, next_v, y, i, from, n);
  }

  template <int R>
  static AXIOM_INLINE void rows(double* a, std::ptrdiff_t stride, const double* v, const double* w,
                                const double* next_v, double* y, int i, int from, int n) {
    D minus_v[R];
    D minus_w[R];
    D factor[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      minus_v[r] = D::splat(-v[i + r]);
      minus_w[r] = D::splat(-w[i + r]);
      factor[r] = D::splat(next_v[i + r]);
    }
    for (int j = aligned(from); j < n; j += lanes) {
      const D vj = D::load(v + j);
      const D wj = D::load(w + j);
      D sum = D::load(y + j);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        double* entry = a + (i + r) * stride + j;
        const D value = fma(minus_v[r], wj, fma(minus_w[r], vj, D::load(entry)));
        value.store(entry);
        sum = fma(value, factor[r], sum);
      }
      sum.store(y + j);
    }
  }

  /// From y = A·v to w; (next_v, w) become the pending update.
  static void finish_step(const double* next_v, double* y, double h, double* v, double* w, int from,
                          int n) {
    double dot = 0.0;
    if (h != 0.0) {
      for (int j = from; j < n; ++j) y[j] /= h;
      for (int j = from; j < n; ++j) dot = arithmetic::fma(next_v[j], y[j], dot);
      dot /= 2.0 * h;
    }
    for (int j = 0; j < n; ++j) {
      v[j] = next_v[j];
      w[j] = (h != 0.0 && j >= from) ? arithmetic::fma(-dot, next_v[j], y[j]) : 0.0;
    }
  }
};

}  // namespace axiom::cpu
