// Double-precision matrix kernels for the metrics, as a table that each backend fills.
//
// Every sum of products runs over its index from 0 upwards into one accumulator with fma, starting
// from +0, so all implementations give equal bits. Matrices are row-major without padding.
#pragma once

namespace axiom {

struct MatrixOps {
  /// c = aᵀ·b: a is rows × m, b is rows × n, c is m × n; c[i][j] = Σ_r a[r][i]·b[r][j].
  void (*transposed_product)(const double* a, const double* b, double* c, int rows, int m, int n);
  /// c = aᵀ·a, both triangles filled, half of them computed: a is rows × m, c is m × m.
  void (*gram)(const double* a, double* c, int rows, int m);
  /// Householder reduction of the symmetric n × n matrix a (both triangles) to tridiagonal form:
  /// diagonal[n], off_diagonal[n] (entry 0 is 0). The exact order of operations is written down in
  /// cpu/tridiagonal.inl.
  void (*tridiagonalize)(const double* a, int n, double* diagonal, double* off_diagonal);
  /// Cholesky factor of the symmetric positive definite n × n matrix a = uᵀu: the upper triangle is
  /// read and overwritten by u. False if a pivot is not positive; a is undefined then. The exact
  /// order of operations is written down in cpu/cholesky.inl.
  bool (*cholesky)(double* a, int n);

  // Of activations, which become doubles on the way; those of inactive units (0) may be skipped.
  /// gram() of a, rows × m.
  void (*gram_of_activations)(const float* a, double* c, int rows, int m);
  /// gram() of a, rows × m, then tridiagonalize().
  void (*reduced_gram)(const float* a, int rows, int m, double* diagonal, double* off_diagonal);
  /// c = b·bᵀ, samples × samples; the sums run over the units. b is a, samples × units, less the
  /// mean of each unit, which is the sum from the first sample on, divided by their number. Only
  /// the upper triangle of c is meaningful.
  void (*centred_kernel)(const float* a, int samples, int units, double* c);
};

}  // namespace axiom
