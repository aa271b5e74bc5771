#include "cpu/reference/reference_matrix.h"

#include <cstddef>
#include <vector>

#include "client/arithmetic/ops.h"

namespace axiom::cpu::reference {

namespace {

using arithmetic::fma;

std::size_t size(int n) { return static_cast<std::size_t>(n); }

void transposed_product(const double* a, const double* b, double* c, int rows, int m, int n) {
  for (std::size_t i = 0; i < size(m); ++i) {
    for (std::size_t j = 0; j < size(n); ++j) {
      double sum = 0.0;
      for (std::size_t r = 0; r < size(rows); ++r) {
        sum = fma(a[r * size(m) + i], b[r * size(n) + j], sum);
      }
      c[i * size(n) + j] = sum;
    }
  }
}

void gram(const double* a, double* c, int rows, int m) {
  for (std::size_t i = 0; i < size(m); ++i) {
    for (std::size_t j = i; j < size(m); ++j) {
      double sum = 0.0;
      for (std::size_t r = 0; r < size(rows); ++r) {
        sum = fma(a[r * size(m) + i], a[r * size(m) + j], sum);
      }
      c[i * size(m) + j] = sum;
      c[j * size(m) + i] = sum;
    }
  }
}

/// The formulas at the head of cpu/tridiagonal.inl, one step after the other.
void tridiagonalize(const double* matrix, int order, double* diagonal, double* off_diagonal) {
  const std::size_t n = size(order);
  std::vector<double> a(matrix, matrix + n * n);
  std::vector<double> v(n);
  std::vector<double> w(n);
  off_diagonal[0] = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    diagonal[k] = a[k * n + k];
    if (k + 1 == n) break;
    const double* row = &a[k * n];
    const std::size_t from = k + 1;
    double tail = 0.0;
    for (std::size_t j = from + 1; j < n; ++j) tail = fma(row[j], row[j], tail);
    if (tail == 0.0) {
      off_diagonal[from] = row[from];
      continue;
    }
    const double norm = arithmetic::sqrt(fma(row[from], row[from], tail));
    const double e = row[from] < 0.0 ? norm : -norm;
    off_diagonal[from] = e;
    v[from] = row[from] - e;
    for (std::size_t j = from + 1; j < n; ++j) v[j] = row[j];
    const double h = fma(v[from], v[from], tail) * 0.5;
    double dot = 0.0;
    for (std::size_t j = from; j < n; ++j) {
      double y = 0.0;
      for (std::size_t i = from; i < n; ++i) y = fma(a[i * n + j], v[i], y);
      w[j] = y / h;
    }
    for (std::size_t j = from; j < n; ++j) dot = fma(v[j], w[j], dot);
    dot /= 2.0 * h;
    for (std::size_t j = from; j < n; ++j) w[j] = fma(-dot, v[j], w[j]);
    for (std::size_t i = from; i < n; ++i) {
      for (std::size_t j = from; j < n; ++j) {
        a[i * n + j] = fma(-v[i], w[j], fma(-w[i], v[j], a[i * n + j]));
      }
    }
  }
}

bool cholesky(double* a, int order) {
  const std::size_t n = size(order);
  for (std::size_t k = 0; k < n; ++k) {
    double* pivot_row = a + k * n;
    if (!(pivot_row[k] > 0)) return false;
    pivot_row[k] = arithmetic::sqrt(pivot_row[k]);
    for (std::size_t j = k + 1; j < n; ++j) pivot_row[j] /= pivot_row[k];
    for (std::size_t i = k + 1; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) a[i * n + j] -= pivot_row[i] * pivot_row[j];
    }
  }
  return true;
}

void gram_of_activations(const float* a, double* c, int rows, int m) {
  const std::vector<double> converted(a, a + size(rows) * size(m));
  gram(converted.data(), c, rows, m);
}

void reduced_gram(const float* a, int rows, int m, double* diagonal, double* off_diagonal) {
  std::vector<double> c(size(m) * size(m));
  gram_of_activations(a, c.data(), rows, m);
  tridiagonalize(c.data(), m, diagonal, off_diagonal);
}

void centred_kernel(const float* a, int samples, int units, double* c) {
  std::vector<double> b(a, a + size(samples) * size(units));
  for (std::size_t u = 0; u < size(units); ++u) {
    double mean = 0.0;
    for (std::size_t i = u; i < b.size(); i += size(units)) mean += b[i];
    mean /= samples;
    for (std::size_t i = u; i < b.size(); i += size(units)) b[i] -= mean;
  }
  for (std::size_t i = 0; i < size(samples); ++i) {
    for (std::size_t j = i; j < size(samples); ++j) {
      double sum = 0.0;
      for (std::size_t u = 0; u < size(units); ++u) {
        sum = fma(b[i * size(units) + u], b[j * size(units) + u], sum);
      }
      c[i * size(samples) + j] = sum;
    }
  }
}

}  // namespace

const MatrixOps matrix_ops{transposed_product,  gram,         tridiagonalize, cholesky,
                           gram_of_activations, reduced_gram, centred_kernel};

}  // namespace axiom::cpu::reference
