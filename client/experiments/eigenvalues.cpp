#include "client/experiments/eigenvalues.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include "client/arithmetic/tridiagonal_ql.h"

namespace axiom {

namespace {

using arithmetic::QlSweep;
using arithmetic::TridiagonalQl;

std::string named(const TridiagonalQl& method) {
  return "a matrix of size " + std::to_string(method.n);
}

TridiagonalQl begin(const TridiagonalMatrix& matrix) {
  TridiagonalQl method{matrix.diagonal.data(), matrix.off_diagonal.data(),
                       static_cast<int>(matrix.diagonal.size())};
  if (!method.scale()) {
    throw std::runtime_error("eigenvalues: " + named(method) + " has an entry that is not finite");
  }
  return method;
}

/// A matrix and its sweep under way, if there is one.
class Chain {
 public:
  explicit Chain(const TridiagonalMatrix& matrix) : method_(begin(matrix)) { next_sweep(); }

  /// Rows to go before the sweep ends; 0 if there is none: the matrix is done.
  int rows() const { return row_ - method_.first; }

  /// So many rows of each in turn. REQUIRES: as many are left.
  static void step(Chain& a, Chain& b, int rows) {
    QlSweep sweep_a = a.sweep_;
    QlSweep sweep_b = b.sweep_;
    for (int i = 1; i <= rows; ++i) {
      sweep_a.step(a.method_.diagonal, a.method_.squares, a.row_ - i);
      sweep_b.step(b.method_.diagonal, b.method_.squares, b.row_ - i);
    }
    a.continue_from(sweep_a, rows);
    b.continue_from(sweep_b, rows);
  }
  /// The rest alone.
  void run() {
    while (rows() > 0) {
      QlSweep sweep = sweep_;
      for (int i = row_; i-- > method_.first;) sweep.step(method_.diagonal, method_.squares, i);
      continue_from(sweep, rows());
    }
    method_.scale_back();
    std::sort(method_.diagonal, method_.diagonal + method_.n, std::greater<>());
  }

 private:
  void continue_from(const QlSweep& sweep, int rows) {
    sweep_ = sweep;
    row_ -= rows;
    if (row_ > method_.first) return;
    sweep.end(method_.diagonal, method_.squares, method_.first);
    next_sweep();
  }
  void next_sweep() {
    if (!method_.find_block(row_)) return;  // row_ is method_.first then
    if (method_.sweeps >= method_.sweep_limit()) {
      throw std::runtime_error("eigenvalues: no convergence after " +
                               std::to_string(method_.sweep_limit()) + " sweeps on " +
                               named(method_));
    }
    sweep_ = method_.begin_sweep(row_);
  }

  TridiagonalQl method_;
  QlSweep sweep_;
  int row_ = 0;  ///< done last, or the last of the block
};

}  // namespace

void tridiagonal_eigenvalues(std::span<const TridiagonalMatrix> matrices) {
  for (; matrices.size() >= 2; matrices = matrices.subspan(2)) {
    Chain a(matrices[0]);
    Chain b(matrices[1]);
    while (a.rows() > 0 && b.rows() > 0) Chain::step(a, b, std::min(a.rows(), b.rows()));
    a.run();
    b.run();
  }
  if (!matrices.empty()) Chain(matrices[0]).run();
}

void tridiagonal_eigenvalues(std::span<double> diagonal, std::span<double> off_diagonal) {
  const TridiagonalMatrix matrix{diagonal, off_diagonal};
  tridiagonal_eigenvalues(std::span(&matrix, 1));
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
