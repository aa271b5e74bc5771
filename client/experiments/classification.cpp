#include "client/experiments/classification.h"

#include <cstddef>

#include "client/arithmetic/cross_entropy.h"

namespace axiom {

Predictions predictions_of(const TrainingRun& run, std::size_t set, const Snapshot& snapshot) {
  const Evaluation& values = snapshot.evaluations[set];
  return {values.outputs,
          run.evaluation_sets[set].data->labels,
          run.evaluation_sets[set].samples,
          run.shape.outputs(),
          run.shape.loss,
          values.score};
}

double accuracy(const Predictions& predictions) {
  if (predictions.score) return predictions.score->accuracy;
  const bool sigmoid = predictions.loss == Loss::sigmoid_cross_entropy;
  const auto outputs = static_cast<std::size_t>(predictions.outputs);
  int right = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(predictions.samples); ++i) {
    const float* logits = predictions.logits.data() + i * outputs;
    right +=
        arithmetic::predicted_class(logits, predictions.outputs, sigmoid) == predictions.labels[i];
  }
  return static_cast<double>(right) / predictions.samples;
}

double cross_entropy(const Predictions& predictions) {
  if (predictions.score) return predictions.score->loss;
  const bool sigmoid = predictions.loss == Loss::sigmoid_cross_entropy;
  const auto outputs = static_cast<std::size_t>(predictions.outputs);
  double sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(predictions.samples); ++i) {
    const float* logits = predictions.logits.data() + i * outputs;
    sum += arithmetic::cross_entropy(logits, predictions.outputs, sigmoid, predictions.labels[i]);
  }
  return sum / predictions.samples;
}

}  // namespace axiom
