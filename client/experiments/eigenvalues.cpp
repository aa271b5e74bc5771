#include "client/experiments/eigenvalues.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include "client/arithmetic/tridiagonal_ql.h"

namespace axiom {

void tridiagonal_eigenvalues(std::span<double> diagonal, std::span<double> off_diagonal) {
  const std::string matrix = "a matrix of size " + std::to_string(diagonal.size());
  arithmetic::TridiagonalQl method{diagonal.data(), off_diagonal.data(),
                                   static_cast<int>(diagonal.size())};
  if (!method.scale()) {
    throw std::runtime_error("eigenvalues: " + matrix + " has an entry that is not finite");
  }
  while (method.advance()) {
    if (method.sweeps > method.sweep_limit()) {
      throw std::runtime_error("eigenvalues: no convergence after " +
                               std::to_string(method.sweep_limit()) + " sweeps on " + matrix);
    }
  }
  method.scale_back();
  std::sort(diagonal.begin(), diagonal.end(), std::greater<>());
}

std::vector<double> symmetric_eigenvalues(std::span<const double> a, int n,
                                          const MatrixOps& matrix_ops) {
  std::vector<double> diagonal(static_cast<std::size_t>(n));
  std::vector<double> off_diagonal(static_cast<std::size_t>(n));
  matrix_ops.tridiagonalize(a.data(), n, diagonal.data(), off_diagonal.data());
  tridiagonal_eigenvalues(diagonal, off_diagonal);
  return diagonal;
}

}  // namespace axiom
