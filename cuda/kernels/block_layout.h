// Where a network lies in a block's shared memory. Offsets in floats.
#pragma once

#include "cuda/kernels/jobs.h"

namespace axiom::cuda {

inline constexpr int block_threads_limit = 256;

/// Row strides in shared memory are odd numbers of quads, so that eight rows' quads of one column
/// lie in different banks.
AXIOM_HOST_DEVICE constexpr int banked(int columns) {
  const int quads = (columns + 3) / 4;
  return 4 * (quads % 2 == 0 ? quads + 1 : quads);
}

struct BlockLayout {
  int weights[max_layers] = {};
  int biases[max_layers] = {};
  int activations[max_layers - 1] = {};
  int deltas[2] = {};  ///< of hidden layer l: l mod 2
  int inputs = 0;
  int outputs = 0;
  int labels = 0;
  int order = 0;  ///< 16-bit entries
  int draws = 0;
  int floats = 0;  ///< in all

  BlockLayout() = default;
  AXIOM_HOST_DEVICE constexpr BlockLayout(const Network& net, int batch, int samples);

 private:
  AXIOM_HOST_DEVICE constexpr int take(int count) {
    const int at = floats;
    floats += padded(count);
    return at;
  }
};

/// The block's own words, at the start of its shared memory.
struct BlockControl {
  Turn turn;
  TrainingJob job;
  BlockLayout layout;
};

AXIOM_HOST_DEVICE constexpr BlockLayout::BlockLayout(const Network& net, int batch, int samples)
    : floats(padded(static_cast<int>(sizeof(BlockControl) / sizeof(float)) + 1)) {
  int widest = 0;
  for (int l = 0; l < net.layers; ++l) {
    const int stride = banked(net.fan_out(l));
    weights[l] = take(net.fan_in(l) * stride);
    biases[l] = take(stride);
    if (l + 1 < net.layers) {
      activations[l] = take(batch * stride);
      if (stride > widest) widest = stride;
    }
  }
  deltas[0] = take(batch * widest);
  if (net.hidden_layers() > 1) deltas[1] = take(batch * widest);
  inputs = take(batch * banked(net.fan_in(0)));
  outputs = take(batch * banked(net.outputs()));
  labels = take(batch);
  order = take((samples + 1) / 2);
  draws = take(512);
}

}  // namespace axiom::cuda
