// What one sample's logits say, in double: its class and its loss. One source for host and device.
#pragma once

#include <cstdint>

#include "client/arithmetic/functions64.h"
#include "client/arithmetic/platform.h"

namespace axiom::arithmetic {

/// The first largest of `outputs` logits.
AXIOM_INLINE std::int32_t largest_logit(const float* logits, int outputs) {
  std::int32_t best = 0;
  for (std::int32_t k = 1; k < outputs; ++k) {
    if (logits[k] > logits[best]) best = k;
  }
  return best;
}

/// The class that the logits choose; of one logit of a sigmoid: 1 above zero.
AXIOM_INLINE std::int32_t predicted_class(const float* logits, int outputs, bool sigmoid) {
  if (sigmoid) return logits[0] > 0.0f ? 1 : 0;
  return largest_logit(logits, outputs);
}

/// −ln softmax(z)[label] = (z_max − z_label) + ln Σ exp(z − z_max)
AXIOM_INLINE double softmax_loss(const float* logits, int outputs, std::int32_t label) {
  const double largest = logits[largest_logit(logits, outputs)];
  double sum = 0;
  double of_label = 0;  // found by comparing: a label that went bad must not be an index
  for (int k = 0; k < outputs; ++k) {
    sum += exp(static_cast<double>(logits[k]) - largest);
    if (k == label) of_label = static_cast<double>(logits[k]);
  }
  return (largest - of_label) + log(sum);
}

/// −ln σ(±z) = max(∓z, 0) + ln(1 + exp(−|z|))
AXIOM_INLINE double sigmoid_loss(double logit, std::int32_t label) {
  const double wrongness = label == 1 ? -logit : logit;
  const double magnitude = logit < 0 ? -logit : logit;
  return (wrongness > 0 ? wrongness : 0.0) + log(1.0 + exp(-magnitude));
}

/// Cross-entropy of one sample, in natural logarithms.
AXIOM_INLINE double cross_entropy(const float* logits, int outputs, bool sigmoid,
                                  std::int32_t label) {
  return sigmoid ? sigmoid_loss(static_cast<double>(logits[0]), label)
                 : softmax_loss(logits, outputs, label);
}

}  // namespace axiom::arithmetic
