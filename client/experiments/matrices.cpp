#include "client/experiments/matrices.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace axiom {

namespace {

/// Means of the columns, each summed from the first row down; neighbouring sums proceed together.
template <class T>
std::vector<double> column_means(std::span<const T> a, int rows, int columns) {
  const auto n = static_cast<std::size_t>(columns);
  std::vector<double> means(n, 0.0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    for (std::size_t j = 0; j < n; ++j) means[j] += static_cast<double>(a[i * n + j]);
  }
  for (double& mean : means) mean /= rows;
  return means;
}

/// (a − 1·offsetsᵀ)ᵀ, in strips of columns so that reads and writes stay in few cache lines.
Buffer shifted_transpose(std::span<const float> a, int rows, int columns,
                         std::span<const double> offsets) {
  constexpr std::size_t strip = 8;
  const auto m = static_cast<std::size_t>(rows);
  const auto n = static_cast<std::size_t>(columns);
  Buffer transposed(rows, columns);
  for (std::size_t first = 0; first < n; first += strip) {
    const std::size_t last = std::min(first + strip, n);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = first; j < last; ++j) {
        transposed[j * m + i] = static_cast<double>(a[i * n + j]) - offsets[j];
      }
    }
  }
  return transposed;
}

}  // namespace

Buffer to_double(std::span<const float> a, int rows, int columns) {
  Buffer converted(rows, columns);
  std::copy_n(a.begin(), converted.size(), converted.data());
  return converted;
}

Buffer transposed_to_double(std::span<const float> a, int rows, int columns) {
  const std::vector<double> zeros(static_cast<std::size_t>(columns), 0.0);
  return shifted_transpose(a, rows, columns, zeros);
}

Buffer centred_transpose(std::span<const float> a, int rows, int columns) {
  return shifted_transpose(a, rows, columns, column_means(a, rows, columns));
}

void centre_columns(Buffer& a, int rows, int columns) {
  const auto n = static_cast<std::size_t>(columns);
  const std::vector<double> means = column_means(std::as_const(a).span(), rows, columns);
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
