// What an instruction set must provide to train a network: a table of functions over plain buffers.
//
// Panel matrices: columns are grouped in panels of `panel_width`, and a matrix is stored as
// [panel][row][panel_width], so that a tile of a product streams through contiguous memory. Rows
// are padded to a multiple of panel_width. Padding columns are zero and stay zero; padding rows may
// hold anything, and no sum reads them. All buffers are 64-byte aligned.
#pragma once

#include <cstddef>
#include <cstdint>

#include "client/plan/matrix_ops.h"

namespace axiom::cpu {

inline constexpr int max_layers = 4;  ///< three hidden layers and the output

/// Scratch of products that skip zeros (sparse_product.inl), for a block's rows but at least 64.
struct NonZeros {
  static constexpr int depth = 64;  ///< terms of a sum taken at once, as bits of a word
  std::uint64_t* bits;              ///< a word for each row
  float* values;                    ///< rows × depth
};

/// Buffers of one layer. n: rows of the block of samples in work, at most NetworkBuffers::capacity.
struct LayerBuffers {
  int fan_in;
  int fan_out;
  float* weights;  ///< panels, fan_in × fan_out; unused in the output layer
  /// Panels, fan_out × fan_in: the output layer's only copy of its weights. In hidden layers a
  /// second copy, or null: deltas then go through NetworkBuffers::deltas_transposed.
  float* transposed;
  float* biases;  ///< fan_out, padded
  /// Layout of weights (output layer: of transposed); only for split batches.
  float* weight_gradient;
  float* bias_gradient;  ///< layout of biases
  float* activations;    ///< panels, n × fan_out, after ReLU and dropout; hidden layers only
  /// Panels, n × fan_out: ∂L/∂z; hidden layers only. While the only one trains, its first panel
  /// serves all of them in turn.
  float* deltas;
  const float* mask;  ///< dropout factors, layout of activations; null without dropout
  /// Which inputs are not zero, [fan_in / 64][capacity] words of 64 units. Null: no product of this
  /// layer skips zeros.
  std::uint64_t* input_bits;
};

/// A network, packed for one instruction set.
struct NetworkBuffers {
  int layers;
  int capacity;  ///< rows of a block of samples, a multiple of panel_width
  bool sigmoid;  ///< one output and sigmoid cross-entropy; else softmax
  LayerBuffers layer[max_layers];
  float* inputs;             ///< panels, n × features
  float* outputs;            ///< panels, outputs × n: logits, then ∂L/∂z
  float* targets;            ///< panels, outputs × n: one-hot labels (sigmoid: the label)
  float* deltas_transposed;  ///< panels, units × n, of the layer in work; null if no layer needs it
  float* sums_transposed;    ///< likewise, of the layer below, before its ReLU
  NonZeros non_zeros;        ///< null if no layer skips zeros
  float* input_transposed;   ///< panels, first fan_out × features: W1ᵀ, for input gradients only
  float* input_gradients;    ///< panels, n × features, likewise
};

/// A block of samples: consecutive entries of a data order.
struct BlockArguments {
  const float* data;           ///< samples × row_stride, rows padded with zeros
  const std::int32_t* labels;  ///< one per sample
  const std::int32_t* order;   ///< sample of each row; null: first, first + 1, …
  int row_stride;              ///< floats, a multiple of panel_width
  int first;
  int rows;
  int following;  ///< entries of the order after these
};

/// What to do with gradients.
struct UpdateArguments {
  float scale;                   ///< 1/B, the mean over the mini-batch
  float negative_learning_rate;  ///< −lr
  float keep;                    ///< 1 − lr·λ
  bool first_block;              ///< gradients start from +0, else they continue
  bool last_block;               ///< update the parameters, else keep the gradients
};

struct Kernels {
  int panel_width;
  /// Copies a block of samples into inputs and targets.
  void (*gather)(const NetworkBuffers& net, const BlockArguments& block);
  /// Inputs to logits.
  void (*forward)(const NetworkBuffers& net, int rows);
  /// Logits to ∂L/∂z of the output layer; then back through all layers, updating each.
  void (*backward)(const NetworkBuffers& net, int rows, const UpdateArguments& update);
  // Gradients of a block that forward() was given last. Parameters stay; outputs are overwritten.
  /// ∂L_i/∂x of each sample's own loss.
  void (*input_gradients)(const NetworkBuffers& net, int rows);
  /// Σ over samples of ∂L/∂W1 times `scale`, from +0 in the first block, else continued.
  void (*first_layer_gradient)(const NetworkBuffers& net, int rows, float scale, bool first_block);
  /// Fills the transposed copies of weights (hidden layers but the first; the first if wanted).
  void (*transpose_weights)(const NetworkBuffers& net, bool first_layer);
  MatrixOps matrix_ops;
  /// Independent chains of `rounds` vector FMAs each; returns the floating-point operations done.
  double (*fma_chain)(std::int64_t rounds);
  /// The same with one chain, which waits for each of its FMAs.
  double (*single_fma_chain)(std::int64_t rounds);
};

}  // namespace axiom::cpu
