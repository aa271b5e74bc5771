// Copies a block of samples, anywhere in memory, to the inputs and targets of a step.
#pragma once

#include "client/arithmetic/ops.h"
#include "cpu/kernels.h"
#include "cpu/panel_matrices.inl"

namespace axiom::cpu {

template <class Isa>
struct BlockGather {
  using Matrices = PanelMatrices<Isa>;
  using F = typename Isa::Float;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Matrices::width;

  // Vector stores may alias anything: what the loop needs is copied out of the structs first.
  static void gather(const NetworkBuffers& net, const BlockArguments& block) {
    const int features = net.layer[0].fan_in;
    const int outputs = net.layer[net.layers - 1].fan_out;
    const Index input_stride = Matrices::stride(net.capacity);
    const Index target_stride = Matrices::stride(outputs);
    const bool one_hot = !net.sigmoid;
    const int rows = block.rows;
    const int following = block.order ? block.following : 0;
    const Index first = block.first;
    const Index row_stride = block.row_stride;
    const float* data = block.data;
    const std::int32_t* labels = block.labels;
    const std::int32_t* order = block.order ? block.order + first : nullptr;
    float* inputs = net.inputs;
    float* targets = net.targets;
    for (int i = 0; i < rows && one_hot; i += width) {
      float* panel = targets + (i / width) * target_stride;
      for (int j = 0; j < outputs * width; j += lanes) F::zero().store(panel + j);
    }
    for (Index i = 0; i < rows; ++i, inputs += width) {
      const Index sample = order ? order[i] : first + i;
      if (i < following) {  // the next block's rows, anywhere in memory, come while this one trains
        const float* next = data + order[rows + i] * row_stride;
        for (int line = 0; line < features; line += 16) __builtin_prefetch(next + line);
      }
      const float* row = data + sample * row_stride;
      float* to = inputs;
      for (int panel = 0; panel < features; panel += width, row += width, to += input_stride) {
#pragma GCC unroll 4
        for (int v = 0; v < Isa::tile_vectors; ++v) F::load(row + v * lanes).store(to + v * lanes);
      }
      // Labels are random: no branch may depend on them.
      const std::int32_t label = labels[sample];
      float* target = targets + (i / width) * target_stride + i % width;
      if (one_hot) {
        target[label * width] = 1.0f;
      } else {
        *target = arithmetic::to_float(label);
      }
    }
  }
};

}  // namespace axiom::cpu
