// Metrics of activations that lie on the device, of many networks at once.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"
#include "cuda/measure_launches.h"

namespace axiom::cuda {

/// Whether the device computes what the evaluation set's use asks for, so that no activations go
/// back.
bool is_measured(const TrainingRun& run, const EvaluationSet& set);
/// Bytes of device memory that this takes at most for one network.
std::size_t measure_bytes(const TrainingRun& run);

void take_over(SpectrumJob& job, const SpectrumJob& from);
void take_over(LinearProbeJob& job, const LinearProbeJob& from);

/// What only a device that errs can come to; in words.
class ImpossibleMeasure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Measures {
 public:
  /// `squared`: where the values go, in descending order.
  void add_spectrum(const Activations& h, std::vector<double>& squared);
  /// Of all pairs of `networks`; `products[i]`: of network i with itself and each after it.
  void add_inner_products(std::span<const Activations> networks,
                          std::span<std::vector<double>* const> products);

  /// `accuracies`: of each of `targets` signs per sample.
  void add_linear_probes(const Activations& fit, Address<const std::int8_t> fit_signs,
                         const Activations& test, Address<const std::int8_t> test_signs,
                         int targets, std::vector<double>& accuracies);

  /// `correlations`: of units with the inputs `x`, summed up (Evaluation::input_correlations).
  void add_correlations(const Activations& x, const Activations& h,
                        std::vector<double>& correlations);

  /// Computes all that was added. `memory` grows as needed. ImpossibleMeasure: a matrix without
  /// eigenvalues.
  void run(const Launches& launches, Buffer& memory);

 private:
  std::size_t lay_out(DevicePointer base);
  std::vector<SpectrumJob> largest_first() const;
  void reduce(const Launches& launches);
  void find_eigenvalues(const Launches& launches);
  void multiply(const Launches& launches);
  void fit(const Launches& launches);
  void correlate(const Launches& launches);
  void hand_over(const std::vector<double>& results);

  std::vector<SpectrumJob> spectra_;
  std::vector<std::vector<double>*> squared_;  ///< of each spectrum
  std::vector<KernelJob> kernels_;
  std::vector<InnerProductJob> inner_products_;
  std::vector<std::vector<std::vector<double>*>> products_;  ///< of each group
  std::vector<LinearProbeJob> linear_probes_;
  std::vector<std::vector<double>*> accuracies_;  ///< of each linear probe
  std::vector<CorrelationJob> correlations_;
  std::vector<std::vector<double>*> correlation_results_;

  // Where things are on the device.
  DevicePointer control_ = 0;
  DevicePointer jobs_ = 0;
  DevicePointer results_ = 0;
  std::size_t result_doubles_ = 0;
};

}  // namespace axiom::cuda
