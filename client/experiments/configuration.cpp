#include "client/experiments/configuration.h"

#include <utility>

namespace axiom {

TrainingRun make_run(const Task& task, const Configuration& configuration,
                     const NetworkNumber& number, std::shared_ptr<const Dataset> train, int batch,
                     int epochs) {
  TrainingRun run;
  run.seed = number.seed;
  run.trial = number.trial;
  run.network = static_cast<std::uint32_t>(number.network);
  run.shape.loss = task.loss;
  run.shape.sizes.push_back(task.inputs);
  run.shape.sizes.insert(run.shape.sizes.end(), configuration.hidden.begin(),
                         configuration.hidden.end());
  run.shape.sizes.push_back(task.outputs);
  run.train = std::move(train);
  run.samples = configuration.samples;
  run.batch = batch;
  run.learning_rate = static_cast<float>(configuration.learning_rate);
  run.dropout = static_cast<float>(configuration.dropout);
  run.weight_decay = static_cast<float>(configuration.weight_decay);
  run.steps = static_cast<std::uint64_t>(epochs) * run.steps_per_epoch();
  return run;
}

EvaluationSet evaluation_set(std::shared_ptr<const Dataset> data, std::vector<int> hidden_layers) {
  EvaluationSet set;
  set.samples = data->samples;
  set.data = std::move(data);
  set.hidden_layers = std::move(hidden_layers);
  set.score_only = true;
  return set;
}

std::vector<int> regular_epochs(int epochs, int every) {
  std::vector<int> measured;
  for (int epoch = 0; epoch < epochs; epoch += every) measured.push_back(epoch);
  measured.push_back(epochs);
  return measured;
}

std::vector<std::uint64_t> steps_at(const std::vector<int>& epochs, const TrainingRun& run) {
  std::vector<std::uint64_t> steps;
  for (const int epoch : epochs) {
    steps.push_back(static_cast<std::uint64_t>(epoch) * run.steps_per_epoch());
  }
  return steps;
}

}  // namespace axiom
