// The best possible classifier of a Gaussian mixture: a bound for microscalev2's networks.
#pragma once

#include <span>

#include "client/plan/dataset.h"

namespace axiom {

struct BayesScore {
  double loss;      ///< mean cross-entropy of the true posterior
  double accuracy;  ///< fraction where its first largest class is the label
};

/// Scores the posterior of a mixture with equal priors, unit covariance and the given centres
/// (classes × features, row-major) on a dataset.
BayesScore bayes_score(const Dataset& data, std::span<const float> centres, int classes);

}  // namespace axiom
