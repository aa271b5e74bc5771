#include "client/experiments/feature_competition.h"

#include <algorithm>
#include <vector>

#include "client/arithmetic/ops.h"
#include "client/experiments/classification.h"
#include "client/experiments/matrix_sums.h"
#include "client/experiments/ridge.h"

namespace axiom {

namespace {

constexpr std::size_t groups = signal_groups.size();

// Order of the sums that competition_sums() names.
constexpr std::size_t squares = 0;  // of the groups' input gradients
constexpr std::size_t magnitudes = groups;
constexpr std::size_t w1_magnitudes = 2 * groups;
constexpr std::size_t weight_squares = 3 * groups;

void write_probe_accuracies(const TrainingRun& run, const Snapshot& snapshot, std::size_t first,
                            RidgeProbe& probe, std::span<double> accuracies) {
  const std::vector<double> found = linear_probe_accuracies(run, snapshot, first, probe);
  std::copy(found.begin(), found.end(), accuracies.begin());
}

}  // namespace

std::vector<std::int8_t> label_signs(const Dataset& data) {
  std::vector<std::int8_t> signs;
  signs.reserve(data.labels.size());
  for (const std::int32_t label : data.labels) {
    signs.push_back(static_cast<std::int8_t>(label == 1 ? 1 : -1));
  }
  return signs;
}

std::vector<std::int8_t> sum_signs(const Dataset& data) {
  std::vector<std::int8_t> signs;
  signs.reserve(data.labels.size() * groups);
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    const float* row = data.inputs.data() + i * signal_features;
    for (const SignalGroup& group : signal_groups) {
      signs.push_back(static_cast<std::int8_t>(feature_sum(row, group.range) > 0.0f ? 1 : -1));
    }
  }
  return signs;
}

std::vector<MatrixSum> competition_sums(const NetworkShape& shape, int samples) {
  using Matrix = MatrixSum::Matrix;
  using Term = MatrixSum::Term;
  std::vector<MatrixSum> sums;
  for (const Term term : {Term::squares, Term::magnitudes}) {
    for (const SignalGroup& group : signal_groups) {
      sums.push_back(
          {Matrix::input_gradients, term, 0, samples, group.range.first, group.range.count});
    }
  }
  for (const SignalGroup& group : signal_groups) {
    sums.push_back({Matrix::first_layer_gradient, Term::magnitudes, group.range.first,
                    group.range.count, 0, shape.fan_out(0)});
  }
  for (int layer = 0; layer < shape.layers(); ++layer) {
    sums.push_back(
        {Matrix::weights, Term::squares, 0, shape.fan_in(layer), 0, shape.fan_out(layer), layer});
  }
  return sums;
}

void measure_competition(const TrainingRun& run, const Snapshot& snapshot,
                         const MatrixOps& matrix_ops, std::span<double> values) {
  const Predictions train = predictions_of(run, 0, snapshot);
  const Predictions test = predictions_of(run, 1, snapshot);
  values[0] = cross_entropy(train);
  values[1] = accuracy(train);
  values[2] = cross_entropy(test);
  values[3] = accuracy(test);
  const std::vector<double> sums = matrix_sums(run, 0, snapshot);
  for (std::size_t g = 0; g < groups; ++g) {
    const int features = signal_groups[g].range.count;
    values[first_group_value(0) + g] = arithmetic::sqrt(sums[squares + g]);
    values[first_group_value(1) + g] = sums[magnitudes + g] / train.samples / features;
    const auto weights =
        static_cast<std::size_t>(features) * static_cast<std::size_t>(run.shape.fan_out(0));
    values[first_group_value(2) + g] = sums[w1_magnitudes + g] / static_cast<double>(weights);
  }

  RidgeProbe probe(matrix_ops);
  for (std::size_t g = 0; g < groups; ++g) {
    write_probe_accuracies(run, snapshot, 2 * (g + 1), probe,
                           values.subspan(first_probe_a_value + g, 1));
  }
  write_probe_accuracies(run, snapshot, 0, probe, values.subspan(first_probe_b_value, groups));

  for (std::size_t layer = 0; layer < static_cast<std::size_t>(run.shape.layers()); ++layer) {
    values[first_norm_value + layer] = arithmetic::sqrt(sums[weight_squares + layer]);
  }
}

std::size_t measure_competition_bytes(const TrainingRun& run) {
  const int width = run.shape.sizes[run.shape.sizes.size() - 2];
  const int samples = run.evaluation_sets[0].samples;
  const std::size_t targets =
      sizeof(double) * static_cast<std::size_t>(samples + run.evaluation_sets[1].samples) * groups;
  return RidgeProbe::bytes(samples, width, static_cast<int>(groups)) + targets;
}

}  // namespace axiom
