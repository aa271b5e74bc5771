#include "client/experiments/spectrum.h"

#include <algorithm>
#include <cstddef>

#include "client/arithmetic/functions64.h"
#include "client/arithmetic/ops.h"
#include "client/experiments/eigenvalues.h"
#include "client/experiments/matrices.h"

namespace axiom {

namespace {

double top_share(std::span<const double> squared, std::size_t count, double total) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(count, squared.size()); ++i) sum += squared[i];
  return sum / total;
}

double effective_rank(std::span<const double> squared) {
  double total = 0;
  for (const double value : squared) total += arithmetic::sqrt(value);
  double entropy = 0;
  for (const double value : squared) {
    const double p = arithmetic::sqrt(value) / total;
    if (p >= 1e-12) entropy -= p * arithmetic::log(p);
  }
  return arithmetic::exp(entropy);
}

}  // namespace

std::vector<double> squared_singular_values(std::span<const float> h, int rows, int columns,
                                            const MatrixOps& matrix_ops) {
  const bool wide = columns > rows;
  const int n = wide ? rows : columns;
  const Buffer a = wide ? transposed_to_double(h, rows, columns) : to_double(h, rows, columns);
  Buffer gram(n, n);
  matrix_ops.gram(a.data(), gram.data(), wide ? columns : rows, n);
  std::vector<double> squared = symmetric_eigenvalues(gram.span(), n, matrix_ops);
  for (double& value : squared) value = value > 0 ? value : 0.0;
  return squared;
}

std::vector<double> squared_singular_values(const ProbeValues& probe, std::size_t layer, int rows,
                                            int columns, const MatrixOps& matrix_ops) {
  if (!probe.squared_singular_values.empty()) return probe.squared_singular_values[layer];
  return squared_singular_values(probe.activations[layer], rows, columns, matrix_ops);
}

std::size_t singular_values_bytes(int rows, int columns) {
  const auto n = static_cast<std::size_t>(std::min(rows, columns));
  return sizeof(double) *
         (static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) + 2 * n * n + 8 * n);
}

RankMeasures rank_measures(std::span<const double> squared) {
  double total = 0;
  double total_of_squares = 0;
  for (const double value : squared) {
    total += value;
    total_of_squares += value * value;
  }
  if (!(total > 0)) return {0, 0, 0, 0, 0, 0};
  return {effective_rank(squared),          total / squared[0],
          total * total / total_of_squares, top_share(squared, 1, total),
          top_share(squared, 5, total),     top_share(squared, 10, total)};
}

}  // namespace axiom
