#include "client/benchmark/training_case.h"

#include <limits>
#include <memory>

#include "client/plan/example_run.h"

namespace axiom {
namespace {

constexpr int features = 20;
constexpr int classes = 2;
constexpr std::uint64_t seed = 1;

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
  const std::shared_ptr<const Dataset> shuffled = random_dataset(seed, 1000, features, classes);
  const std::shared_ptr<const Dataset> full = random_dataset(seed, 512, features, classes);
  std::vector<TrainingCase> cases;
  for (const int width : widths) {
    cases.push_back(make_case(width, shuffled, 32));
    cases.push_back(make_case(width, full, 0));
  }
  return cases;
}

}  // namespace axiom
