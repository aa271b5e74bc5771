// Samples and labels, as plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace axiom {

/// A table of samples. The sizes are known when a plan is made; the values are filled in later.
struct Dataset {
  int samples = 0;
  int features = 0;
  std::vector<float> inputs;         ///< samples × features, row-major
  std::vector<std::int32_t> labels;  ///< class of each sample, 0-based
  /// What linear probes of activations are to tell: samples × signs_per_sample, each ±1.
  std::vector<std::int8_t> signs{};
  int signs_per_sample = 0;

  /// Bytes that the values take once generated.
  std::size_t bytes() const {
    return static_cast<std::size_t>(samples) *
           (static_cast<std::size_t>(features) * sizeof(float) + sizeof(std::int32_t) +
            static_cast<std::size_t>(signs_per_sample) * sizeof(std::int8_t));
  }
};

}  // namespace axiom
