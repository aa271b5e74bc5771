#include "client/experiments/feature_competition.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "client/arithmetic/ops.h"
#include "client/experiments/classification.h"
#include "client/experiments/ridge.h"

namespace axiom {

namespace {

constexpr std::size_t groups = signal_groups.size();

/// Per group: root of the sum of squares, and mean magnitude, of the per-sample input gradients.
void measure_input_gradients(std::span<const float> gradients, int samples,
                             std::span<double> values) {
  for (std::size_t g = 0; g < groups; ++g) {
    const FeatureRange range = signal_groups[g].range;
    double squares = 0;
    double magnitudes = 0;
    for (int i = 0; i < samples; ++i) {
      const float* row = gradients.data() + static_cast<std::ptrdiff_t>(i) * signal_features;
      for (int j = range.first; j < range.first + range.count; ++j) {
        const double gradient = row[j];
        squares += gradient * gradient;
        magnitudes += std::fabs(gradient);
      }
    }
    values[first_group_value(0) + g] = arithmetic::sqrt(squares);
    values[first_group_value(1) + g] = magnitudes / samples / range.count;
  }
}

void measure_w1_gradient(std::span<const float> gradient, int width, std::span<double> values) {
  for (std::size_t g = 0; g < groups; ++g) {
    const FeatureRange range = signal_groups[g].range;
    const auto first = static_cast<std::size_t>(range.first) * static_cast<std::size_t>(width);
    const auto count = static_cast<std::size_t>(range.count) * static_cast<std::size_t>(width);
    double magnitudes = 0;
    for (const float value : gradient.subspan(first, count)) {
      magnitudes += std::fabs(static_cast<double>(value));
    }
    values[first_group_value(2) + g] = magnitudes / static_cast<double>(count);
  }
}

void write_read_outs(const TrainingRun& run, const Snapshot& snapshot, std::size_t first,
                     RidgeProbe& probe, std::span<double> accuracies) {
  const std::vector<double> found = read_out_accuracies(run, snapshot, first, probe);
  std::copy(found.begin(), found.end(), accuracies.begin());
}

double frobenius_norm(std::span<const float> weights) {
  double squares = 0;
  for (const float value : weights) squares += static_cast<double>(value) * value;
  return arithmetic::sqrt(squares);
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

void measure_competition(const TrainingRun& run, const Snapshot& snapshot,
                         const MatrixOps& matrix_ops, std::span<double> values) {
  const Predictions train = predictions_of(run, 0, snapshot);
  const Predictions test = predictions_of(run, 1, snapshot);
  values[0] = cross_entropy(train);
  values[1] = accuracy(train);
  values[2] = cross_entropy(test);
  values[3] = accuracy(test);
  measure_input_gradients(snapshot.probes[0].input_gradients, train.samples, values);
  measure_w1_gradient(snapshot.probes[0].first_layer_gradient, run.shape.sizes[1], values);

  RidgeProbe probe(matrix_ops);
  for (std::size_t g = 0; g < groups; ++g) {
    write_read_outs(run, snapshot, 2 * (g + 1), probe, values.subspan(first_probe_a_value + g, 1));
  }
  write_read_outs(run, snapshot, 0, probe, values.subspan(first_probe_b_value, groups));

  for (int layer = 0; layer < run.shape.layers(); ++layer) {
    values[first_norm_value + static_cast<std::size_t>(layer)] = frobenius_norm(
        snapshot.parameters.subspan(run.shape.weight_offset(layer), run.shape.weights(layer)));
  }
}

std::size_t measure_competition_bytes(const TrainingRun& run) {
  const int width = run.shape.sizes[run.shape.sizes.size() - 2];
  const int samples = run.probes[0].samples;
  const std::size_t targets =
      sizeof(double) * static_cast<std::size_t>(samples + run.probes[1].samples) * groups;
  return RidgeProbe::bytes(samples, width, static_cast<int>(groups)) + targets;
}

}  // namespace axiom
