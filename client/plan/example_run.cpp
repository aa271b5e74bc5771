#include "client/plan/example_run.h"

#include "client/arithmetic/streams.h"

namespace axiom {

using arithmetic::Purpose;

std::shared_ptr<const Dataset> random_dataset(std::uint64_t seed, int samples, int features,
                                              int classes) {
  auto data = std::make_shared<Dataset>();
  data->samples = samples;
  data->features = features;
  data->inputs.resize(static_cast<std::size_t>(samples) * static_cast<std::size_t>(features));
  data->labels.resize(static_cast<std::size_t>(samples));
  arithmetic::fill_normal({seed, 0, 0, Purpose::features, 0}, data->inputs.data(),
                          data->inputs.size());
  arithmetic::fill_below({seed, 0, 0, Purpose::labels, 0}, static_cast<std::uint32_t>(classes),
                         data->labels.data(), data->labels.size());
  return data;
}

TrainingRun example_run(const ExampleNetwork& network, std::uint64_t data_seed) {
  const int classes = network.loss == Loss::sigmoid_cross_entropy ? 2 : network.sizes.back();
  TrainingRun run;
  run.shape = {network.sizes, network.loss};
  run.train = random_dataset(data_seed, network.samples, network.sizes.front(), classes);
  run.samples = network.samples;
  run.batch = network.batch;
  run.learning_rate = 0.05f;
  run.dropout = network.dropout;
  run.weight_decay = network.weight_decay;
  run.steps = 2 * run.steps_per_epoch();
  return run;
}

}  // namespace axiom
