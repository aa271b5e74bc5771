#include "client/experiments/ridge.h"

#include <algorithm>
#include <limits>

#include "client/experiments/matrices.h"

namespace axiom {

bool solve_positive_definite(std::span<double> a, int n, std::span<double> b, int count,
                             const MatrixOps& matrix_ops) {
  const auto size = static_cast<std::size_t>(n);
  if (!matrix_ops.cholesky(a.data(), n)) return false;
  for (std::size_t c = 0; c < static_cast<std::size_t>(count); ++c) {
    double* x = b.data() + c * size;
    for (std::size_t k = 0; k < size; ++k) {  // Uᵀ y = b
      const double* row = a.data() + k * size;
      x[k] /= row[k];
      for (std::size_t j = k + 1; j < size; ++j) x[j] -= row[j] * x[k];
    }
    for (std::size_t k = size; k-- > 0;) {  // U x = y
      const double* row = a.data() + k * size;
      for (std::size_t j = k + 1; j < size; ++j) x[k] -= row[j] * x[j];
      x[k] /= row[k];
    }
  }
  return true;
}

bool RidgeProbe::fit(std::span<const float> h, int samples, int width,
                     std::span<const double> targets, int count) {
  const auto n = static_cast<std::size_t>(samples);
  const auto m = static_cast<std::size_t>(width);
  const auto k = static_cast<std::size_t>(count);
  const std::size_t order = m + 1;
  width_ = width;
  count_ = count;
  coefficients_.assign(k * order, 0.0);
  std::span<double> scratch = thread_scratch((n + k + 1) * m + n * (k + 1) + m * m + order * order);
  const auto take = [&](std::size_t size) {
    const std::span<double> taken = scratch.first(size);
    scratch = scratch.subspan(size);
    return taken;
  };
  const std::span<double> activations = take(n * m);
  const std::span<double> extended = take(n * (k + 1));  // samples × (count + 1): targets, then 1
  const std::span<double> gram = take(m * m);
  const std::span<double> products = take((k + 1) * m);  // extendedᵀ · h
  const std::span<double> system = take(order * order);
  std::copy(h.begin(), h.begin() + static_cast<std::ptrdiff_t>(n * m), activations.begin());

  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t t = 0; t < k; ++t) {
      const double target = targets[i * k + t];
      extended[i * (k + 1) + t] = target;
      coefficients_[t * order + m] += target;  // the bias column's product with the target
    }
    extended[i * (k + 1) + k] = 1.0;
  }
  matrix_ops_.gram_of_activations(h.data(), gram.data(), samples, width);
  matrix_ops_.transposed_product(extended.data(), activations.data(), products.data(), samples,
                                 count + 1, width);

  double trace = 0;
  for (std::size_t i = 0; i < m; ++i) trace += gram[i * m + i];
  const double lambda = 1e-3 * trace / width + 1e-9;
  for (std::size_t i = 0; i < m; ++i) {  // the upper triangle of AᵀA + λI
    double* row = system.data() + i * order;
    for (std::size_t j = i; j < m; ++j) row[j] = gram[i * m + j];
    row[i] += lambda;
    row[m] = products[k * m + i];
  }
  system[m * order + m] = samples + lambda;
  for (std::size_t t = 0; t < k; ++t) {
    for (std::size_t i = 0; i < m; ++i) coefficients_[t * order + i] = products[t * m + i];
  }
  return solve_positive_definite(system, width + 1, coefficients_, count, matrix_ops_);
}

double RidgeProbe::accuracy(std::span<const float> h, int samples, std::span<const double> targets,
                            int target) const {
  const auto m = static_cast<std::size_t>(width_);
  const std::span<const double> v = coefficients(target);
  int right = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples); ++i) {
    double score = 0;
    for (std::size_t j = 0; j < m; ++j) score += static_cast<double>(h[i * m + j]) * v[j];
    score += v[m];
    const std::size_t entry =
        i * static_cast<std::size_t>(count_) + static_cast<std::size_t>(target);
    right += (score > 0) == (targets[entry] > 0);
  }
  return static_cast<double>(right) / samples;
}

std::span<const double> RidgeProbe::coefficients(int target) const {
  const std::size_t order = static_cast<std::size_t>(width_) + 1;
  return std::span(coefficients_).subspan(static_cast<std::size_t>(target) * order, order);
}

std::size_t RidgeProbe::bytes(int samples, int width, int count) {
  const auto n = static_cast<std::size_t>(samples);
  const auto m = static_cast<std::size_t>(width);
  const auto k = static_cast<std::size_t>(count) + 1;
  return sizeof(double) * (n * (m + k) + m * m + k * m + (m + 1) * (m + 1) + k * (m + 1));
}

std::vector<double> linear_probe_accuracies(const TrainingRun& run, const Snapshot& snapshot,
                                            std::size_t first, RidgeProbe& probe) {
  const Evaluation& values = snapshot.evaluations[first];
  if (!values.probe_accuracies.empty()) return values.probe_accuracies;
  const auto targets_of = [](const Dataset& data) {
    return std::vector<double>(data.signs.begin(), data.signs.end());
  };
  const EvaluationSet& fit = run.evaluation_sets[first];
  const EvaluationSet& test = run.evaluation_sets[first + 1];
  const int width = run.shape.fan_out(fit.hidden_layers.front() - 1);
  const int signs = fit.data->signs_per_sample;
  std::vector<double> accuracies(static_cast<std::size_t>(signs),
                                 std::numeric_limits<double>::quiet_NaN());
  if (!probe.fit(values.activations[0], fit.samples, width, targets_of(*fit.data), signs)) {
    return accuracies;
  }
  const std::vector<double> test_targets = targets_of(*test.data);
  for (int sign = 0; sign < signs; ++sign) {
    accuracies[static_cast<std::size_t>(sign)] = probe.accuracy(
        snapshot.evaluations[first + 1].activations[0], test.samples, test_targets, sign);
  }
  return accuracies;
}

}  // namespace axiom
