#include "client/experiments/spectrum.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

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

struct TridiagonalForm {
  explicit TridiagonalForm(int n)
      : diagonal(static_cast<std::size_t>(n)), off_diagonal(static_cast<std::size_t>(n)) {}

  std::vector<double> diagonal;
  std::vector<double> off_diagonal;
};

/// Of hᵀh, or of hhᵀ if that is smaller.
TridiagonalForm reduced_gram(std::span<const float> h, int rows, int columns,
                             const MatrixOps& matrix_ops) {
  const bool wide = columns > rows;
  TridiagonalForm form(wide ? rows : columns);
  const std::vector<float> turned = wide ? transposed(h, rows, columns) : std::vector<float>();
  matrix_ops.reduced_gram(wide ? turned.data() : h.data(), std::max(rows, columns),
                          std::min(rows, columns), form.diagonal.data(), form.off_diagonal.data());
  return form;
}

std::vector<std::vector<double>> squared_singular_values(std::span<TridiagonalForm> forms) {
  std::vector<TridiagonalMatrix> matrices;
  for (TridiagonalForm& form : forms) matrices.push_back({form.diagonal, form.off_diagonal});
  tridiagonal_eigenvalues(matrices);
  std::vector<std::vector<double>> squared;
  for (TridiagonalForm& form : forms) {
    for (double& value : form.diagonal) value = value > 0 ? value : 0.0;
    squared.push_back(std::move(form.diagonal));
  }
  return squared;
}

}  // namespace

std::vector<double> squared_singular_values(std::span<const float> h, int rows, int columns,
                                            const MatrixOps& matrix_ops) {
  TridiagonalForm form = reduced_gram(h, rows, columns, matrix_ops);
  return squared_singular_values({&form, 1}).front();
}

std::vector<std::vector<double>> squared_singular_values(const Evaluation& set, int rows,
                                                         int columns, const MatrixOps& matrix_ops) {
  if (!set.squared_singular_values.empty()) return set.squared_singular_values;
  std::vector<TridiagonalForm> forms;
  for (const std::vector<float>& h : set.activations) {
    forms.push_back(reduced_gram(h, rows, columns, matrix_ops));
  }
  return squared_singular_values(forms);
}

std::size_t singular_values_bytes(int rows, int columns) {
  // What a backend packs is padded: half of the columns of a small matrix may be.
  constexpr std::size_t padding = 16;
  constexpr std::size_t packed_rows = 128;
  const auto n = static_cast<std::size_t>(std::min(rows, columns));
  const std::size_t matrices = (n + padding) * (n + std::max(n + 4, packed_rows));
  const std::size_t turned = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  return sizeof(double) * matrices + (columns > rows ? sizeof(float) * turned : 0);
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
