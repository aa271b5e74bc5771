// Specialization of the neurons of a first layer: the measures of neuronspec.
#pragma once

#include <span>

#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"

namespace axiom {

/// Of the weight matrix w (inputs × width, row-major; w_n is the column of neuron n). Zero
/// denominators give 0.
struct WeightMeasures {
  double selectivity;               ///< 1 − mean_n fraction of inputs with |w_in| > rms(w_n)
  double alignment;                 ///< mean_n max_g Σ_{i∈g}|w_in| / Σ_i|w_in|
  double redundancy;                ///< mean over pairs n < m of |cos(w_n, w_m)|
  double redundancy_signed;         ///< mean over pairs n < m of cos(w_n, w_m)
  double effective_dimensionality;  ///< tr(C)² / ‖C‖_F², C the covariance of the inputs' weights
};

/// Groups are consecutive blocks of inputs_per_group inputs. REQUIRES: width ≥ 2.
WeightMeasures weight_measures(std::span<const float> w, int inputs, int width,
                               int inputs_per_group, const MatrixOps& matrix_ops);

/// Correlations over samples of activations h (samples × width) with inputs x (samples × inputs);
/// population standard deviations have a floor (client/plan/correlation.h).
struct ActivationSelectivity {
  double best;  ///< mean_n max_i |corr(h_n, x_i)|
  double mean;  ///< mean_n mean_i |corr(h_n, x_i)|
};
ActivationSelectivity activation_selectivity(std::span<const float> h, std::span<const float> x,
                                             int samples, int width, int inputs,
                                             const MatrixOps& matrix_ops);

/// Of the evaluation set's one layer: as the backend gave them, or computed of the activations
/// (ActivationUse::correlations).
ActivationSelectivity activation_selectivity(const Evaluation& set, std::span<const float> x,
                                             int samples, int width, int inputs,
                                             const MatrixOps& matrix_ops);

/// Bytes that either function holds at most.
std::size_t weight_measures_bytes(int samples, int width, int inputs);

}  // namespace axiom
