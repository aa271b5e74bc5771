#include "client/experiments/weight_measures.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "client/arithmetic/ops.h"
#include "client/experiments/matrices.h"
#include "client/plan/correlation.h"

namespace axiom {

namespace {

/// Columns of the rows × columns matrix a, each as one contiguous row.
using Column = std::span<double>;

double norm(Column w) { return arithmetic::sqrt(sum_of_squares(w)); }

/// Fraction of inputs whose weight is above the neuron's root mean square.
double large_fraction(Column w) {
  const double rms = arithmetic::sqrt(sum_of_squares(w) / static_cast<double>(w.size()));
  int large = 0;
  for (const double value : w) large += std::fabs(value) > rms;
  return static_cast<double>(large) / static_cast<double>(w.size());
}

double largest_group_share(Column w, std::size_t inputs_per_group) {
  double total = 0;
  double largest = 0;
  for (std::size_t first = 0; first < w.size(); first += inputs_per_group) {
    double sum = 0;
    for (std::size_t i = first; i < std::min(first + inputs_per_group, w.size()); ++i) {
      sum += std::fabs(w[i]);
    }
    largest = std::max(largest, sum);
    total += sum;
  }
  return total > 0 ? largest / total : 0.0;
}

/// Mean |cos| and mean cos over pairs of columns of w (inputs × width), which are normalized.
void add_redundancy(Buffer& w, int inputs, int width, std::span<const double> norms,
                    const MatrixOps& matrix_ops, WeightMeasures& measures) {
  const auto m = static_cast<std::size_t>(width);
  for (std::size_t i = 0; i < static_cast<std::size_t>(inputs); ++i) {
    for (std::size_t n = 0; n < m; ++n) w[i * m + n] = norms[n] > 0 ? w[i * m + n] / norms[n] : 0.0;
  }
  Buffer cosines(width, width);
  matrix_ops.gram(w.data(), cosines.data(), inputs, width);
  double absolute = 0;
  double plain = 0;
  for (std::size_t n = 0; n < m; ++n) {
    for (std::size_t other = n + 1; other < m; ++other) {
      absolute += std::fabs(cosines[n * m + other]);
      plain += cosines[n * m + other];
    }
  }
  const double pairs = static_cast<double>(m) * static_cast<double>(m - 1) / 2;
  measures.redundancy = absolute / pairs;
  measures.redundancy_signed = plain / pairs;
}

/// The factor 1/width of the covariance cancels in tr(C)² / ‖C‖_F².
double effective_dimensionality(Buffer& columns, int inputs, int width,
                                const MatrixOps& matrix_ops) {
  const auto n = static_cast<std::size_t>(inputs);
  centre_columns(columns, width, inputs);
  Buffer covariance(inputs, inputs);
  matrix_ops.gram(columns.data(), covariance.data(), width, inputs);
  double trace = 0;
  for (std::size_t i = 0; i < n; ++i) trace += covariance[i * n + i];
  const double squares = sum_of_squares(covariance.span());
  return squares > 0 ? trace * trace / squares : 0.0;
}

/// 1 / SD of every column of the centred matrix a, the SD floored.
std::vector<double> inverse_sds(const Buffer& a, int rows, int columns) {
  const auto n = static_cast<std::size_t>(columns);
  std::vector<double> sds(n, 0.0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    for (std::size_t j = 0; j < n; ++j) sds[j] += a[i * n + j] * a[i * n + j];
  }
  for (double& sd : sds) sd = 1.0 / std::max(arithmetic::sqrt(sd / rows), least_standard_deviation);
  return sds;
}

}  // namespace

WeightMeasures weight_measures(std::span<const float> w, int inputs, int width,
                               int inputs_per_group, const MatrixOps& matrix_ops) {
  const auto n = static_cast<std::size_t>(inputs);
  const auto m = static_cast<std::size_t>(width);
  Buffer columns = transposed_to_double(w, inputs, width);
  std::vector<double> norms;
  double large = 0;
  double share = 0;
  for (std::size_t neuron = 0; neuron < m; ++neuron) {
    const Column column = columns.span().subspan(neuron * n, n);
    norms.push_back(norm(column));
    large += large_fraction(column);
    share += largest_group_share(column, static_cast<std::size_t>(inputs_per_group));
  }
  WeightMeasures measures{};
  measures.selectivity = 1.0 - large / width;
  measures.alignment = share / width;
  Buffer rows = to_double(w, inputs, width);
  add_redundancy(rows, inputs, width, norms, matrix_ops, measures);
  measures.effective_dimensionality = effective_dimensionality(columns, inputs, width, matrix_ops);
  return measures;
}

ActivationSelectivity activation_selectivity(std::span<const float> h, std::span<const float> x,
                                             int samples, int width, int inputs,
                                             const MatrixOps& matrix_ops) {
  Buffer a = to_double(h, samples, width);
  Buffer b = to_double(x, samples, inputs);
  centre_columns(a, samples, width);
  centre_columns(b, samples, inputs);
  const std::vector<double> inverse_a = inverse_sds(a, samples, width);
  const std::vector<double> inverse_b = inverse_sds(b, samples, inputs);
  const auto m = static_cast<std::size_t>(width);
  Buffer products(inputs, width);
  matrix_ops.transposed_product(b.data(), a.data(), products.data(), samples, inputs, width);
  ActivationSelectivity selectivity{0, 0};
  for (std::size_t neuron = 0; neuron < m; ++neuron) {
    double best = 0;
    double sum = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(inputs); ++i) {
      const double correlation =
          std::fabs(products[i * m + neuron] / samples * inverse_a[neuron] * inverse_b[i]);
      best = std::max(best, correlation);
      sum += correlation;
    }
    selectivity.best += best;
    selectivity.mean += sum / inputs;
  }
  selectivity.best /= width;
  selectivity.mean /= width;
  return selectivity;
}

ActivationSelectivity activation_selectivity(const Evaluation& set, std::span<const float> x,
                                             int samples, int width, int inputs,
                                             const MatrixOps& matrix_ops) {
  const std::vector<double>& given = set.input_correlations;
  if (!given.empty()) return {given[0], given[1]};
  return activation_selectivity(set.activations[0], x, samples, width, inputs, matrix_ops);
}

std::size_t weight_measures_bytes(int samples, int width, int inputs) {
  const auto m = static_cast<std::size_t>(width);
  const auto n = static_cast<std::size_t>(inputs);
  const std::size_t weights = 2 * n * m + m + std::max(m * m, n * n);
  const std::size_t correlations = (static_cast<std::size_t>(samples) + 2) * (m + n) + n * m;
  return sizeof(double) * std::max(weights, correlations);
}

}  // namespace axiom
