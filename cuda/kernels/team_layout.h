// Where the rows in work of a network lie in its workspace in global memory. Offsets in floats.
#pragma once

#include "cuda/kernels/jobs.h"

namespace axiom::cuda {

inline constexpr int team_threads = 128;  ///< of each block
inline constexpr int team_shared_bytes = 20 << 10;

/// For training: the mini-batch (unless full batches are read where they lie), activations, deltas.
struct TeamLayout {
  std::int64_t inputs = 0;
  std::int64_t labels = 0;
  std::int64_t activations[max_layers - 1] = {};
  std::int64_t deltas[2] = {};  ///< of hidden layer l: l mod 2
  std::int64_t outputs = 0;
  std::int64_t floats = 0;  ///< in all

  TeamLayout() = default;
  AXIOM_HOST_DEVICE constexpr TeamLayout(const Network& net, int batch, bool shuffled) {
    int widest = 0;
    for (int l = 0; l < net.hidden_layers(); ++l) {
      const int stride = padded(net.fan_out(l));
      activations[l] = take(batch, stride);
      if (stride > widest) widest = stride;
    }
    deltas[0] = take(batch, widest);
    if (net.hidden_layers() > 1) deltas[1] = take(batch, widest);
    outputs = take(batch, padded(net.outputs()));
    if (shuffled) {
      inputs = take(batch, padded(net.fan_in(0)));
      labels = take(1, padded(batch));
    }
  }

 private:
  AXIOM_HOST_DEVICE constexpr std::int64_t take(int rows, int stride) {
    const std::int64_t at = floats;
    floats += static_cast<std::int64_t>(rows) * stride;
    return at;
  }
};

}  // namespace axiom::cuda
