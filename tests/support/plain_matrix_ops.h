// MatrixOps as plain scalar loops, for tests that need no backend.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "client/plan/matrix_ops.h"

namespace axiom::test {

inline void plain_transposed_product(const double* a, const double* b, double* c, int rows, int m,
                                     int n) {
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int r = 0; r < rows; ++r) sum = std::fma(a[r * m + i], b[r * n + j], sum);
      c[i * n + j] = sum;
    }
  }
}

inline void plain_gram(const double* a, double* c, int rows, int m) {
  plain_transposed_product(a, a, c, rows, m, m);
}

/// Householder reduction (Golub and Van Loan, "Matrix Computations", 8.3.1) on the full square.
inline void plain_tridiagonalize(const double* matrix, int n, double* diagonal,
                                 double* off_diagonal) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> a(matrix, matrix + size * size);
  std::vector<double> v(size);
  std::vector<double> w(size);
  off_diagonal[0] = 0;
  for (std::size_t k = 0; k < size; ++k) {
    diagonal[k] = a[k * size + k];
    if (k + 1 == size) break;
    const double first = a[k * size + k + 1];
    double tail = 0;
    for (std::size_t i = k + 2; i < size; ++i) {
      v[i] = a[k * size + i];
      tail = std::fma(v[i], v[i], tail);
    }
    off_diagonal[k + 1] = first;
    if (tail == 0) continue;
    const double norm = std::sqrt(std::fma(first, first, tail));
    off_diagonal[k + 1] = first < 0 ? norm : -norm;
    v[k + 1] = first - off_diagonal[k + 1];
    const double h = std::fma(v[k + 1], v[k + 1], tail) * 0.5;
    double dot = 0;
    for (std::size_t j = k + 1; j < size; ++j) {
      double y = 0;
      for (std::size_t i = k + 1; i < size; ++i) y = std::fma(a[i * size + j], v[i], y);
      w[j] = y / h;
      dot = std::fma(v[j], w[j], dot);
    }
    for (std::size_t j = k + 1; j < size; ++j) w[j] = std::fma(-dot / (2 * h), v[j], w[j]);
    for (std::size_t i = k + 1; i < size; ++i) {
      for (std::size_t j = k + 1; j < size; ++j) {
        a[i * size + j] -= v[i] * w[j] + w[i] * v[j];
      }
    }
  }
}

/// Cholesky–Banachiewicz: row by row of the lower factor, here the columns of the upper one.
inline bool plain_cholesky(double* a, int n) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      double sum = a[j * n + i];
      for (int k = 0; k < j; ++k) sum -= a[k * n + i] * a[k * n + j];
      if (i == j && !(sum > 0)) return false;
      a[j * n + i] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  }
  return true;
}

inline void plain_gram_of_activations(const float* a, double* c, int rows, int m) {
  const std::vector<double> converted(a, a + static_cast<std::ptrdiff_t>(rows) * m);
  plain_gram(converted.data(), c, rows, m);
}

inline void plain_reduced_gram(const float* a, int rows, int m, double* diagonal,
                               double* off_diagonal) {
  const auto size = static_cast<std::size_t>(m);
  std::vector<double> c(size * size);
  plain_gram_of_activations(a, c.data(), rows, m);
  plain_tridiagonalize(c.data(), m, diagonal, off_diagonal);
}

inline void plain_centred_kernel(const float* a, int samples, int units, double* c) {
  std::vector<double> means(static_cast<std::size_t>(units));
  for (int i = 0; i < samples; ++i) {
    for (int u = 0; u < units; ++u) means[static_cast<std::size_t>(u)] += a[i * units + u];
  }
  for (double& mean : means) mean /= samples;
  const double* const offsets = means.data();
  for (int i = 0; i < samples; ++i) {
    for (int j = i; j < samples; ++j) {
      double sum = 0;
      for (int u = 0; u < units; ++u) {
        sum = std::fma(a[i * units + u] - offsets[u], a[j * units + u] - offsets[u], sum);
      }
      c[i * samples + j] = sum;
    }
  }
}

inline constexpr MatrixOps plain_matrix_ops = {
    plain_transposed_product,  plain_gram,         plain_tridiagonalize, plain_cholesky,
    plain_gram_of_activations, plain_reduced_gram, plain_centred_kernel};

}  // namespace axiom::test
