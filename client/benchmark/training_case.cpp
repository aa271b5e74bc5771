#include "client/benchmark/training_case.h"

#include <limits>
#include <memory>

#include "client/arithmetic/streams.h"

namespace axiom {
namespace {

constexpr int features = 20;
constexpr int classes = 2;
constexpr std::uint64_t seed = 1;

std::shared_ptr<const Dataset> random_data(int samples) {
  auto data = std::make_shared<Dataset>();
  data->samples = samples;
  data->features = features;
  data->inputs.resize(static_cast<std::size_t>(samples) * features);
  data->labels.resize(static_cast<std::size_t>(samples));
  arithmetic::fill_normal({seed, 0, 0, arithmetic::Purpose::features, 0}, data->inputs.data(),
                          data->inputs.size());
  arithmetic::fill_below({seed, 0, 0, arithmetic::Purpose::labels, 0}, classes, data->labels.data(),
                         data->labels.size());
  return data;
}

TrainingCase make_case(int width, std::shared_ptr<const Dataset> data, int batch) {
  TrainingCase c;
  c.width = width;
  c.run.shape.sizes = {features, width, width, classes};
  c.run.samples = data->samples;
  c.run.train = std::move(data);
  c.run.batch = batch;
  c.run.learning_rate = 0.01f;
  c.run.seed = seed;
  c.run.steps = std::numeric_limits<std::uint64_t>::max();
  c.checked_steps = batch == 0 ? 1 : c.run.steps_per_epoch() + 1;
  return c;
}

}  // namespace

std::vector<TrainingCase> training_cases(const std::vector<int>& widths) {
  const std::shared_ptr<const Dataset> shuffled = random_data(1000);
  const std::shared_ptr<const Dataset> full = random_data(512);
  std::vector<TrainingCase> cases;
  for (const int width : widths) {
    cases.push_back(make_case(width, shuffled, 32));
    cases.push_back(make_case(width, full, 0));
  }
  return cases;
}

}  // namespace axiom
