#include "client/experiments/datasets.h"

#include <cstddef>

#include "client/arithmetic/ops.h"
#include "client/arithmetic/streams.h"

namespace axiom {

namespace {

using arithmetic::Purpose;

void fill_inputs(std::uint64_t seed, std::uint32_t trial, Split split, Dataset& data) {
  data.inputs.resize(static_cast<std::size_t>(data.samples) *
                     static_cast<std::size_t>(data.features));
  arithmetic::fill_normal({seed, trial, 0, Purpose::features, static_cast<std::uint32_t>(split)},
                          data.inputs.data(), data.inputs.size());
}

void fill_labels(std::uint64_t seed, std::uint32_t trial, Split split, int classes, Dataset& data) {
  data.labels.resize(static_cast<std::size_t>(data.samples));
  arithmetic::fill_below({seed, trial, 0, Purpose::labels, static_cast<std::uint32_t>(split)},
                         static_cast<std::uint32_t>(classes), data.labels.data(),
                         data.labels.size());
}

float* row_of(Dataset& data, std::size_t sample) {
  return data.inputs.data() + sample * static_cast<std::size_t>(data.features);
}

}  // namespace

std::shared_ptr<Dataset> sized_dataset(int samples, int features) {
  auto data = std::make_shared<Dataset>();
  data->samples = samples;
  data->features = features;
  return data;
}

float feature_sum(const float* row, FeatureRange range) {
  float sum = row[range.first];
  for (int j = 1; j < range.count; ++j) sum = arithmetic::add(sum, row[range.first + j]);
  return sum;
}

void generate_sign_xor(std::uint64_t seed, std::uint32_t trial, Split split, Dataset& data) {
  fill_inputs(seed, trial, split, data);
  data.labels.resize(static_cast<std::size_t>(data.samples));
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    const float* row = row_of(data, i);
    data.labels[i] = (feature_sum(row, {0, 5}) > 0.0f) != (feature_sum(row, {5, 5}) > 0.0f);
  }
}

void generate_signals(std::uint64_t seed, Split split, std::span<const SignalGroup> groups,
                      Dataset& data) {
  fill_labels(seed, 0, split, 2, data);
  fill_inputs(seed, 0, split, data);
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    float* row = row_of(data, i);
    const float sign = data.labels[i] == 1 ? 1.0f : -1.0f;
    for (const SignalGroup& group : groups) {
      const float centre = arithmetic::mul(group.centre, sign);
      for (int j = group.range.first; j < group.range.first + group.range.count; ++j) {
        row[j] = arithmetic::add(centre, row[j]);
      }
    }
  }
}

void keep_features(const Dataset& from, FeatureRange range, Dataset& to) {
  to.labels = from.labels;
  to.inputs.assign(from.inputs.size(), 0.0f);
  const auto features = static_cast<std::size_t>(from.features);
  for (std::size_t i = 0; i < from.labels.size(); ++i) {
    const std::size_t first = i * features + static_cast<std::size_t>(range.first);
    for (std::size_t j = first; j < first + static_cast<std::size_t>(range.count); ++j) {
      to.inputs[j] = from.inputs[j];
    }
  }
}

std::vector<float> mixture_centres(std::uint64_t seed, int classes, int features) {
  std::vector<float> centres(static_cast<std::size_t>(classes) *
                             static_cast<std::size_t>(features));
  arithmetic::fill_normal({seed, 0, 0, Purpose::centres, 0}, centres.data(), centres.size());
  for (float& value : centres) value = arithmetic::mul(2.0f, value);
  return centres;
}

void generate_mixture(std::uint64_t seed, Split split, int classes, Dataset& data) {
  const std::vector<float> centres = mixture_centres(seed, classes, data.features);
  fill_labels(seed, 0, split, classes, data);
  fill_inputs(seed, 0, split, data);
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    float* row = row_of(data, i);
    const float* centre = centres.data() + static_cast<std::size_t>(data.labels[i]) *
                                               static_cast<std::size_t>(data.features);
    for (int j = 0; j < data.features; ++j) row[j] = arithmetic::add(centre[j], row[j]);
  }
}

}  // namespace axiom
