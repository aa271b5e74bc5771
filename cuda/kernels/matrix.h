// Matrix products of the training step, each output summed by one thread in the order of the law:
// k = 0, 1, 2, …, one fma each. The three forms are those of a layer with inputs X, weights W and
// deltas D, all row-major:
//   forward   C[i][j] = b[j] + Σ_k X[i][k]·W[k][j]      i sample, j unit,  k input
//   delta     C[i][j] =        Σ_k D[i][k]·W[j][k]      i sample, j input, k unit
//   gradient  C[i][j] =        Σ_k X[k][i]·D[k][j]      i input,  j unit,  k sample
// "Inner" operands are read along the sum, "outer" ones across it.
#pragma once

#include <device.h>

#include "client/arithmetic/ops.h"

namespace axiom::cuda {

struct Matrix {
  float* p;
  int stride;  ///< floats from row to row, a multiple of 4

  AXIOM_DEVICE float& at(int row, int column) const { return p[offset(row, column)]; }
  AXIOM_DEVICE std::int64_t offset(int row, int column) const {
    return static_cast<std::int64_t>(row) * stride + column;
  }
};

enum class Form { forward, delta, gradient };

template <Form form>
struct FormTraits {
  static constexpr bool a_inner = form != Form::gradient;
  static constexpr bool b_inner = form == Form::delta;
};

/// Starts a sum from +0.
struct FromZero {
  AXIOM_DEVICE float operator()(int) const { return 0.0f; }
};
/// Starts a sum from its column's bias.
struct FromBias {
  const float* biases;
  AXIOM_DEVICE float operator()(int column) const { return biases[column]; }
};

template <int rows, int columns>
AXIOM_DEVICE void accumulate(float (&sum)[rows][columns], const float (&a)[rows],
                             const float (&b)[columns]) {
#pragma unroll
  for (int r = 0; r < rows; ++r) {
#pragma unroll
    for (int c = 0; c < columns; ++c) sum[r][c] = arithmetic::fma(a[r], b[c], sum[r][c]);
  }
}

}  // namespace axiom::cuda
