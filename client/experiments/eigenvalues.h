// Eigenvalues, without vectors, of symmetric matrices in double.
#pragma once

#include <span>
#include <vector>

#include "client/plan/matrix_ops.h"

namespace axiom {

/// Eigenvalues of the symmetric tridiagonal matrix with the given diagonal and off-diagonal
/// (off_diagonal[i] joins rows i − 1 and i; entry 0 is ignored), in descending order, overwriting
/// `diagonal`; `off_diagonal` is destroyed. Root-free QL method of Pal, Walker and Kahan (Parlett,
/// "The Symmetric Eigenvalue Problem", section 8.15) with Wilkinson's shift. Absolute error: a few
/// n · 2^-53 of the norm. Throws std::runtime_error if an entry is not finite or the method does
/// not converge in 30·n sweeps.
void tridiagonal_eigenvalues(std::span<double> diagonal, std::span<double> off_diagonal);

/// A matrix for the above.
struct TridiagonalMatrix {
  std::span<double> diagonal;
  std::span<double> off_diagonal;
};
/// The same of each of several matrices. Two are swept in turn, row by row, since a sweep is a
/// chain of divisions that leaves the processor idle.
void tridiagonal_eigenvalues(std::span<const TridiagonalMatrix> matrices);

/// Eigenvalues of the symmetric n × n matrix `a` (both triangles), descending.
std::vector<double> symmetric_eigenvalues(std::span<const double> a, int n,
                                          const MatrixOps& matrix_ops);

}  // namespace axiom
