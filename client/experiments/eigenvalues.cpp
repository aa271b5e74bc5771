#include "client/experiments/eigenvalues.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include "client/arithmetic/ops.h"

namespace axiom {

namespace {

/// An unreduced block of the matrix, with squared off-diagonals: squares[i] joins i − 1 and i.
struct Block {
  double* diagonal;
  double* squares;
  std::size_t first;
  std::size_t last;
};

/// The eigenvalue of the leading 2 × 2 matrix of the block that is nearer to its first entry.
double wilkinson_shift(const Block& block) {
  const double corner = block.diagonal[block.first];
  const double coupling = arithmetic::sqrt(block.squares[block.first + 1]);
  const double ratio = (block.diagonal[block.first + 1] - corner) / (2.0 * coupling);
  const double root = arithmetic::sqrt(ratio * ratio + 1.0);
  return corner - coupling / (ratio < 0 ? ratio - root : ratio + root);
}

/// Far below what a matrix of norm 1 can feel; its reciprocal is finite.
constexpr double vanishing = 0x1p-900;

/// One QL sweep from the last row up to the first; squares[first + 1] tends to 0.
void sweep(const Block& block) {
  const double shift = wilkinson_shift(block);
  double cosine2 = 1.0;
  double sine2 = 0.0;
  double gamma = block.diagonal[block.last] - shift;
  double p = gamma * gamma;
  for (std::size_t i = block.last; i-- > block.first;) {
    const double square = block.squares[i + 1];
    const double radius2 = p + square;
    if (i + 1 != block.last) block.squares[i + 2] = sine2 * radius2;
    const double previous_cosine2 = cosine2;
    const bool turned = p < vanishing;   // by a right angle
    const double secant2 = radius2 / p;  // used if not; beside cosine2, not after it
    cosine2 = turned ? 0.0 : p / radius2;
    sine2 = square / radius2;
    const double previous_gamma = gamma;
    const double entry = block.diagonal[i];
    gamma = cosine2 * (entry - shift) - sine2 * previous_gamma;
    block.diagonal[i + 1] = previous_gamma + (entry - gamma);
    p = turned ? previous_cosine2 * square : (gamma * gamma) * secant2;
  }
  block.squares[block.first + 1] = sine2 * p;
  block.diagonal[block.first] = shift + gamma;
}

}  // namespace

void tridiagonal_eigenvalues(std::span<double> diagonal, std::span<double> off_diagonal) {
  const std::size_t n = diagonal.size();
  double norm = 0;
  bool finite = true;
  for (std::size_t i = 0; i < n; ++i) {
    const double coupling = i == 0 ? 0.0 : off_diagonal[i];
    finite = finite && std::isfinite(diagonal[i]) && std::isfinite(coupling);
    norm = std::max({norm, std::fabs(diagonal[i]), std::fabs(coupling)});
  }
  if (!finite) {
    throw std::runtime_error("eigenvalues: a matrix of size " + std::to_string(n) +
                             " has an entry that is not finite");
  }
  if (norm == 0.0) return;

  // Norm 1, so that squares can neither overflow nor, where they matter, underflow.
  for (std::size_t i = 0; i < n; ++i) {
    diagonal[i] /= norm;
    const double coupling = i == 0 ? 0.0 : off_diagonal[i] / norm;
    off_diagonal[i] = coupling * coupling;
  }
  // A coupling below 2^-54 of the norm changes no eigenvalue by more.
  constexpr double negligible = 0x1p-54 * 0x1p-54;
  const std::size_t sweep_limit = 30 * n;
  std::size_t sweeps = 0;
  for (std::size_t first = 0; first < n;) {
    std::size_t last = first;
    while (last + 1 < n && off_diagonal[last + 1] > negligible) ++last;
    if (last == first) {
      ++first;
      continue;
    }
    if (++sweeps > sweep_limit) {
      throw std::runtime_error("eigenvalues: no convergence after " + std::to_string(sweep_limit) +
                               " sweeps on a matrix of size " + std::to_string(n));
    }
    sweep({diagonal.data(), off_diagonal.data(), first, last});
  }
  for (double& value : diagonal) value *= norm;
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
