// Cholesky factor A = UᵀU of a symmetric positive definite matrix, upper triangle, row by row.
//
// Entry a_ij (i ≤ j) becomes a_ij − u_0i·u_0j − u_1i·u_1j − …, each product and each difference
// rounded, pivots in ascending order; then u_ii = sqrt(a_ii) and u_ij = a_ij / u_ii. Pivots are
// taken four at a time, so that the rows below are read and written once for the four.
#pragma once

#include "cpu/tile.inl"
#include "cpu/workspace.h"

namespace axiom::cpu {

template <class Isa>
struct Cholesky {
  using D = typename Isa::Double;
  static constexpr int lanes = D::lanes;
  static constexpr int pivots = 4;

  static bool factor(double* matrix, int n) {
    // One cache line more than a multiple of lanes: rows do not share cache sets.
    const Index stride = (n + 7) / 8 * 8 + 8;
    double* a = thread_workspace(static_cast<std::size_t>(stride * n));
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < stride; ++j) a[i * stride + j] = 0.0;
      for (Index j = i; j < n; ++j) a[i * stride + j] = matrix[i * n + j];
    }
    for (int k = 0; k < n; k += pivots) {
      const int end = k + pivots < n ? k + pivots : n;
      for (int p = k; p < end; ++p) {
        for (int q = k; q < p; ++q) subtract<1>(a, stride, q, p, n);
        double* row = a + p * stride;
        if (!(row[p] > 0)) return false;
        const double pivot = arithmetic::sqrt(row[p]);
        for (int j = p + 1; j < n; ++j) row[j] /= pivot;
        row[p] = pivot;
      }
      // Fewer than `pivots` are left only at the end, where no rows are below.
      for (int i = end; i < n; ++i) subtract<pivots>(a, stride, k, i, n);
    }
    for (Index i = 0; i < n; ++i) {
      for (Index j = i; j < n; ++j) matrix[i * n + j] = a[i * stride + j];
    }
    return true;
  }

 private:
  /// Row i less its products with P pivot rows from k on, in the columns from i on.
  template <int P>
  static AXIOM_INLINE void subtract(double* a, Index stride, Index k, Index i, int n) {
    const double* pivot_rows = a + k * stride;
    double* row = a + i * stride;
    D factor[P];
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) factor[p] = D::splat(pivot_rows[p * stride + i]);
    for (Index j = i / lanes * lanes; j < n; j += lanes) {
      D value = D::load(row + j);
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) {
        value = sub(value, mul(factor[p], D::load(pivot_rows + p * stride + j)));
      }
      value.store(row + j);
    }
  }
};

}  // namespace axiom::cpu
