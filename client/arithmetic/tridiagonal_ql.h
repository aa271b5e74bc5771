// Eigenvalues of symmetric tridiagonal matrices in double, for hosts and devices: the root-free QL
// method of Pal, Walker and Kahan (Parlett, "The Symmetric Eigenvalue Problem", section 8.15) with
// Wilkinson's shift. One order of operations, so equal bits wherever it runs.
#pragma once

#include "client/arithmetic/ops.h"
#include "client/arithmetic/platform.h"

namespace axiom::arithmetic {

AXIOM_INLINE double magnitude(double a) { return a < 0 ? -a : a; }
AXIOM_INLINE bool is_finite(double a) { return a - a == 0.0; }

/// A sweep under way, which goes from the last row of a block up to its first. Each row waits for
/// the divisions of the one below it.
struct QlSweep {
  double shift = 0.0;
  int last = 0;
  double gamma = 0.0;
  double p = 0.0;
  double cosine2 = 1.0;
  double sine2 = 0.0;

  AXIOM_INLINE void step(double* diagonal, double* squares, int i) {
    constexpr double vanishing = 0x1p-900;  // far below what a matrix of norm 1 can feel
    const double square = squares[i + 1];
    const double radius2 = p + square;
    if (i + 1 != last) squares[i + 2] = sine2 * radius2;
    const double previous_cosine2 = cosine2;
    const bool turned = p < vanishing;   // by a right angle
    const double secant2 = radius2 / p;  // used if not; beside cosine2, not after it
    cosine2 = turned ? 0.0 : p / radius2;
    sine2 = square / radius2;
    const double previous_gamma = gamma;
    const double entry = diagonal[i];
    gamma = cosine2 * (entry - shift) - sine2 * previous_gamma;
    diagonal[i + 1] = previous_gamma + (entry - gamma);
    p = turned ? previous_cosine2 * square : (gamma * gamma) * secant2;
  }
  /// squares[first + 1] tends to 0.
  AXIOM_INLINE void end(double* diagonal, double* squares, int first) const {
    squares[first + 1] = sine2 * p;
    diagonal[first] = shift + gamma;
  }
};

/// Where the method stands on one matrix of size n: squares[i] joins rows i − 1 and i.
struct TridiagonalQl {
  double* diagonal;
  double* squares;
  int n;
  int first = 0;   ///< rows before it are done
  int sweeps = 0;  ///< so far
  double norm = 0;

  /// More would mean that the method does not converge.
  AXIOM_INLINE int sweep_limit() const { return 30 * n; }

  /// Norm 1, so that squares can neither overflow nor, where they matter, underflow; couplings
  /// (entry 0 is ignored) become squares. False if an entry is not finite; nothing is changed then.
  AXIOM_INLINE bool scale() {
    bool finite = true;
    for (int i = 0; i < n; ++i) {
      const double entry = magnitude(diagonal[i]);
      const double coupling = i == 0 ? 0.0 : magnitude(squares[i]);
      finite = finite && is_finite(entry) && is_finite(coupling);
      norm = norm < entry ? entry : norm;
      norm = norm < coupling ? coupling : norm;
    }
    if (!finite) return false;
    if (norm == 0.0) {
      first = n;
      return true;
    }
    for (int i = 0; i < n; ++i) {
      diagonal[i] /= norm;
      const double coupling = i == 0 ? 0.0 : squares[i] / norm;
      squares[i] = coupling * coupling;
    }
    return true;
  }

  /// Moves on to the first block that is not done. False if all are: no more sweeps.
  AXIOM_INLINE bool find_block(int& last) {
    // A coupling below 2^-54 of the norm changes no eigenvalue by more.
    constexpr double negligible = 0x1p-54 * 0x1p-54;
    last = first;
    for (; first < n; last = ++first) {
      while (last + 1 < n && squares[last + 1] > negligible) ++last;
      if (last != first) break;
    }
    return first < n;
  }
  /// The next sweep over the block from `first` to `last`.
  AXIOM_INLINE QlSweep begin_sweep(int last) {
    ++sweeps;
    const double shift = wilkinson_shift();
    const double gamma = diagonal[last] - shift;
    return {shift, last, gamma, gamma * gamma};
  }

  /// One sweep over the first block that is not done. False if all are: no more sweeps.
  AXIOM_INLINE bool advance() {
    int last = 0;
    if (!find_block(last)) return false;
    QlSweep sweep = begin_sweep(last);
    for (int i = last; i-- > first;) sweep.step(diagonal, squares, i);
    sweep.end(diagonal, squares, first);
    return true;
  }

  /// To be called once all are done.
  AXIOM_INLINE void scale_back() {
    if (norm == 0.0) return;
    for (int i = 0; i < n; ++i) diagonal[i] *= norm;
  }

 private:
  /// The eigenvalue of the block's leading 2 × 2 matrix that is nearer to its first entry.
  AXIOM_INLINE double wilkinson_shift() const {
    const double corner = diagonal[first];
    const double coupling = arithmetic::sqrt(squares[first + 1]);
    const double ratio = (diagonal[first + 1] - corner) / (2.0 * coupling);
    const double root = arithmetic::sqrt(ratio * ratio + 1.0);
    return corner - coupling / (ratio < 0 ? ratio - root : ratio + root);
  }
};

}  // namespace axiom::arithmetic
