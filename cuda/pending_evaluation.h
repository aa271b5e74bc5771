// The evaluation of a network on one set, on its way through the device.
#pragma once

#include <cstddef>
#include <vector>

#include "client/plan/backend.h"
#include "cuda/dataset_cache.h"
#include "cuda/kernels/measure_jobs.h"
#include "cuda/packing.h"
#include "cuda/resources.h"

namespace axiom::cuda {

/// Results of all evaluations of a batch lie in one piece of memory, so that one copy brings them
/// back.
class PendingEvaluation {
 public:
  PendingEvaluation(const EvaluationTask& task, const EvaluationSet& set);

  const EvaluationTask& task() const { return *task_; }
  const EvaluationSet& set() const { return *set_; }
  EvaluationJob& job() { return job_; }
  const EvaluationJob& job() const { return job_; }
  void set_data(const DatasetCache::Addresses& data);
  Address<const std::int8_t> signs() const { return signs_; }
  /// Whether activations stay on the device.
  bool measured() const { return measured_; }
  /// What the host gets of it.
  Evaluation& values() const;
  /// A hidden layer (1 = first).
  Activations on_device(int layer) const;
  Activations inputs_on_device() const;

  /// Space for what is wanted back, from `at` on, in floats. Returns the end.
  std::size_t place_results(std::size_t at);
  /// Addresses of results and, from `at` on, of scratch. Returns the end.
  DevicePointer place_on_device(DevicePointer results, DevicePointer at);
  /// `results`: a copy of them on the host.
  void unpack(const float* results) const;

 private:
  const EvaluationTask* task_;
  const EvaluationSet* set_;
  EvaluationJob job_;
  bool measured_;
  Address<const std::int8_t> signs_{};
  // Where results begin, in floats.
  std::size_t outputs_ = 0;
  std::vector<std::size_t> activations_;
  std::size_t input_gradients_ = 0;
  std::size_t first_layer_gradient_ = 0;
};

}  // namespace axiom::cuda
