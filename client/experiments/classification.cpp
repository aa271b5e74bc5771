#include "client/experiments/classification.h"

#include <cstddef>

#include "client/arithmetic/functions64.h"

namespace axiom {

namespace {

std::int32_t predicted_class(const float* logits, int outputs, Loss loss) {
  if (loss == Loss::sigmoid_cross_entropy) return logits[0] > 0.0f ? 1 : 0;
  int best = 0;
  for (int k = 1; k < outputs; ++k) {
    if (logits[k] > logits[best]) best = k;
  }
  return best;
}

/// −ln softmax(z)[label] = (z_max − z_label) + ln Σ exp(z − z_max)
double softmax_loss(const float* logits, int outputs, std::int32_t label) {
  const double largest = logits[predicted_class(logits, outputs, Loss::softmax_cross_entropy)];
  double sum = 0;
  for (int k = 0; k < outputs; ++k) {
    sum += arithmetic::exp(static_cast<double>(logits[k]) - largest);
  }
  return (largest - static_cast<double>(logits[label])) + arithmetic::log(sum);
}

/// −ln σ(±z) = max(∓z, 0) + ln(1 + exp(−|z|))
double sigmoid_loss(double logit, std::int32_t label) {
  const double wrongness = label == 1 ? -logit : logit;
  const double magnitude = logit < 0 ? -logit : logit;
  return (wrongness > 0 ? wrongness : 0.0) + arithmetic::log(1.0 + arithmetic::exp(-magnitude));
}

}  // namespace

Predictions predictions_of(const TrainingRun& run, std::size_t probe, const Snapshot& snapshot) {
  return {snapshot.probes[probe].outputs, run.probes[probe].data->labels, run.probes[probe].samples,
          run.shape.outputs(), run.shape.loss};
}

double accuracy(const Predictions& predictions) {
  const auto outputs = static_cast<std::size_t>(predictions.outputs);
  int right = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(predictions.samples); ++i) {
    const float* logits = predictions.logits.data() + i * outputs;
    right +=
        predicted_class(logits, predictions.outputs, predictions.loss) == predictions.labels[i];
  }
  return static_cast<double>(right) / predictions.samples;
}

double cross_entropy(const Predictions& predictions) {
  const auto outputs = static_cast<std::size_t>(predictions.outputs);
  double sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(predictions.samples); ++i) {
    const float* logits = predictions.logits.data() + i * outputs;
    sum += predictions.loss == Loss::sigmoid_cross_entropy
               ? sigmoid_loss(logits[0], predictions.labels[i])
               : softmax_loss(logits, predictions.outputs, predictions.labels[i]);
  }
  return sum / predictions.samples;
}

}  // namespace axiom
