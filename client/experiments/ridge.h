// Ridge regression on a network's activations: the linear probes of featcompv2.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

/// Solves A v = b for each of `count` right-hand sides by Cholesky's method (A = UᵀU).
/// a: n × n, row-major, symmetric positive definite; the upper triangle is read and overwritten.
/// b: count × n, row-major; each row becomes its solution. False if a pivot is not positive.
bool solve_positive_definite(std::span<double> a, int n, std::span<double> b, int count,
                             const MatrixOps& matrix_ops);

/// Linear probes v of activations h: (AᵀA + λI) v = Aᵀt with A = [h 1] and
/// λ = 1e-3 · tr(hᵀh) / width + 1e-9. It may be fitted many times.
class RidgeProbe {
 public:
  explicit RidgeProbe(const MatrixOps& matrix_ops) : matrix_ops_(matrix_ops) {}

  /// h: samples × width; targets: samples × count, values ±1. False if the equations cannot be
  /// solved; nothing may be asked of the probe then.
  bool fit(std::span<const float> h, int samples, int width, std::span<const double> targets,
           int count);
  /// Fraction of samples where (A v > 0) equals (target > 0), for target number `target` of
  /// `targets` (samples × count as in fit()).
  double accuracy(std::span<const float> h, int samples, std::span<const double> targets,
                  int target) const;
  /// v of one target: a weight per hidden unit, then the bias.
  std::span<const double> coefficients(int target) const;

  /// Bytes that a probe holds at most.
  static std::size_t bytes(int samples, int width, int count);

 private:
  const MatrixOps& matrix_ops_;
  int width_ = 0;
  int count_ = 0;
  std::vector<double> coefficients_;  ///< count × (width + 1)
};

/// Of each sign of evaluation set number `first` of the run (ActivationUse::linear_probe_fit): the
/// accuracy on the set after it of the linear probe that was fitted on this one; NaN if it has no
/// solution. As the backend gave them, or computed of the activations.
std::vector<double> linear_probe_accuracies(const TrainingRun& run, const Snapshot& snapshot,
                                            std::size_t first, RidgeProbe& probe);

}  // namespace axiom
