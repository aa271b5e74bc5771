// What a backend returns at a measured step.
#pragma once

#include <span>
#include <vector>

namespace axiom {

/// Values of one probe. All matrices are row-major, one row per sample unless said otherwise.
struct ProbeValues {
  std::vector<float> outputs;  ///< samples × outputs: logits
  std::vector<std::vector<float>>
      activations;                     ///< one per requested layer: samples × width, after ReLU
  std::vector<float> input_gradients;  ///< samples × inputs
  std::vector<float> first_layer_gradient;  ///< inputs × first hidden width
};

/// A network at one measured step.
struct Snapshot {
  bool diverged = false;  ///< nothing below is meaningful then
  std::span<const float> parameters;
  std::vector<ProbeValues> probes;  ///< in the order of TrainingRun::probes
};

}  // namespace axiom
