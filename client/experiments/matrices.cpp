#include "client/experiments/matrices.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace axiom {

namespace {

/// Means of the columns, each summed from the first row down; neighbouring sums proceed together,
/// four rows in one go.
template <class T>
std::vector<double> means_of_columns(std::span<const T> a, int rows, int columns) {
  const auto m = static_cast<std::size_t>(rows);
  const auto n = static_cast<std::size_t>(columns);
  std::vector<double> sums(n, 0.0);
  double* const sum = sums.data();
  std::size_t i = 0;
  for (; i + 4 <= m; i += 4) {
    const T* const row = a.data() + i * n;
    for (std::size_t j = 0; j < n; ++j) {
      sum[j] = sum[j] + row[j] + row[n + j] + row[2 * n + j] + row[3 * n + j];
    }
  }
  for (; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) sum[j] += a[i * n + j];
  }
  for (double& mean : sums) mean /= rows;
  return sums;
}

/// In strips of columns, so that reads and writes stay in few cache lines.
template <class T>
void transpose_into(std::span<const float> a, int rows, int columns, T* to) {
  constexpr std::size_t strip = 8;
  const auto m = static_cast<std::size_t>(rows);
  const auto n = static_cast<std::size_t>(columns);
  for (std::size_t first = 0; first < n; first += strip) {
    const std::size_t last = std::min(first + strip, n);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = first; j < last; ++j) to[j * m + i] = a[i * n + j];
    }
  }
}

}  // namespace

Buffer to_double(std::span<const float> a, int rows, int columns) {
  Buffer converted(rows, columns);
  std::copy_n(a.begin(), converted.size(), converted.data());
  return converted;
}

Buffer transposed_to_double(std::span<const float> a, int rows, int columns) {
  Buffer transposed(rows, columns);
  transpose_into(a, rows, columns, transposed.data());
  return transposed;
}

std::vector<float> transposed(std::span<const float> a, int rows, int columns) {
  std::vector<float> result(a.size());
  transpose_into(a, rows, columns, result.data());
  return result;
}

std::vector<double> column_means(std::span<const float> a, int rows, int columns) {
  return means_of_columns(a, rows, columns);
}

std::span<double> thread_scratch(std::size_t doubles) {
  thread_local Buffer scratch(0);
  if (scratch.size() < doubles) {
    scratch = Buffer(0);  // never both at a time
    scratch = Buffer(doubles);
  }
  return scratch.span().first(doubles);
}

void centre_columns(Buffer& a, int rows, int columns) {
  const auto n = static_cast<std::size_t>(columns);
  const std::vector<double> means = means_of_columns(std::as_const(a).span(), rows, columns);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    for (std::size_t j = 0; j < n; ++j) a[i * n + j] -= means[j];
  }
}

double sum_of_squares(std::span<const double> a) {
  double sum = 0;
  for (const double value : a) sum += value * value;
  return sum;
}

}  // namespace axiom
