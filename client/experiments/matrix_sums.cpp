#include "client/experiments/matrix_sums.h"

#include <cmath>
#include <span>

namespace axiom {

namespace {

/// Rows of `stride` values.
double sum_of(std::span<const float> matrix, int stride, const MatrixSum& part) {
  double sum = 0;
  for (int i = part.first_row; i < part.first_row + part.rows; ++i) {
    const float* row = matrix.data() + static_cast<std::ptrdiff_t>(i) * stride + part.first_column;
    for (int j = 0; j < part.columns; ++j) {
      const double value = row[j];
      sum += part.term == MatrixSum::Term::squares ? value * value : std::fabs(value);
    }
  }
  return sum;
}

}  // namespace

std::vector<double> matrix_sums(const TrainingRun& run, std::size_t set, const Snapshot& snapshot) {
  const Evaluation& values = snapshot.evaluations[set];
  if (!values.sums.empty()) return values.sums;
  const NetworkShape& shape = run.shape;
  std::vector<double> sums;
  for (const MatrixSum& part : run.evaluation_sets[set].sums) {
    switch (part.matrix) {
      case MatrixSum::Matrix::input_gradients:
        sums.push_back(sum_of(values.input_gradients, shape.inputs(), part));
        break;
      case MatrixSum::Matrix::first_layer_gradient:
        sums.push_back(sum_of(values.first_layer_gradient, shape.fan_out(0), part));
        break;
      case MatrixSum::Matrix::weights:
        sums.push_back(sum_of(
            snapshot.parameters.subspan(shape.weight_offset(part.layer), shape.weights(part.layer)),
            shape.fan_out(part.layer), part));
        break;
    }
  }
  return sums;
}

}  // namespace axiom
