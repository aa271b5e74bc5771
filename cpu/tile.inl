// The one inner loop: a tile of a matrix product, C[r][·] = init + Σ_t A(r, t)·B[t][·], t upwards.
// Lanes and rows are independent outputs; the sum over t is never split (docs/ARITHMETIC.md).
#pragma once

#include <cstddef>

#include "client/arithmetic/ops.h"

namespace axiom::cpu {

/// Geometry of an instruction set for lane type L (floats or doubles): of a panel, and of a full
/// tile, which is as wide.
template <class Isa, class L, int V = Isa::tile_vectors>
struct Panel {
  static constexpr int lanes = L::lanes;
  static constexpr int vectors = V;
  static constexpr int width = V * lanes;
  static constexpr int rows = Isa::tile_rows * Isa::tile_vectors / V;
};

/// Rows, panels and offsets. Pointer-sized, so that addresses need no conversions in the kernels.
using Index = std::ptrdiff_t;

/// How A is walked. Its panels run either along the sum or along the rows of the tile.
enum class Walk {
  along_sum,   ///< A(r, t) = a[(t / width)·stride + r·width + t % width]
  along_rows,  ///< A(r, t) = a[t·width + r], the tile inside one panel
};

/// A tile of R rows × V vectors of a panel P. `init(r, v)` gives the start, `finish(r, v, sum)`
/// takes the result. a: first row of the tile; a_stride: floats between A's panels (along_sum); b:
/// [depth][width].
template <class P, class L, int R, int V, Walk walk, class Scalar, class Init, class Finish>
AXIOM_INLINE void tile(const Scalar* a, Index a_stride, const Scalar* b, int depth, Init init,
                       Finish finish) {
  constexpr int width = P::width;
  constexpr int lanes = L::lanes;
  L sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[r][v] = init(r, v);
  }
  const auto accumulate = [&sum](const Scalar* a_row, int row_stride, const Scalar* b_row)
      __attribute__((always_inline)) {
    L right[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) right[v] = L::load(b_row + v * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const L left = L::broadcast(a_row + r * row_stride);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
    }
  };
  if constexpr (walk == Walk::along_sum) {
    for (int t0 = 0; t0 < depth; t0 += width) {
      const int count = depth - t0 < width ? depth - t0 : width;
#pragma GCC unroll 4
      for (int t = 0; t < count; ++t) accumulate(a + t, width, b + t * width);
      a += a_stride;
      b += width * width;
    }
  } else {
#pragma GCC unroll 4
    for (int t = 0; t < depth; ++t) accumulate(a + t * width, 1, b + t * width);
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) finish(r, v, sum[r][v]);
  }
}

/// Rows of the next tile: full tiles, then two even ones, so that no tile is left too thin.
template <int full>
AXIOM_INLINE int next_tile_rows(int remaining) {
  if (remaining >= 2 * full) return full;
  return remaining <= full ? remaining : (remaining + 1) / 2;
}

/// Calls body with a compile-time count equal to `count` (1 … most).
template <int most, class Body>
AXIOM_INLINE void with_count(int count, Body body) {
  if constexpr (most > 1) {
    if (count < most) return with_count<most - 1>(count, body);
  }
  body.template operator()<most>();
}

/// Operands of a product of panel matrices.
template <class Scalar>
struct Product {
  const Scalar* a;
  Index a_stride;  ///< between A's panels
  const Scalar* b;
  Index b_stride;  ///< between B's panels
  int rows;        ///< of C
  int columns;     ///< of C
  int depth;       ///< of the sum
};

/// All tiles of C, panel after panel, each of `most` vectors. `init(panel, row, v)` and
/// `finish(panel, row, v, sum)`.
template <class Isa, class L, Walk walk, int most = Isa::tile_vectors, class Scalar, class Init,
          class Finish>
AXIOM_INLINE void product(const Product<Scalar>& p, Init init, Finish finish) {
  using Geometry = Panel<Isa, L, most>;
  constexpr int width = Geometry::width;
  constexpr int full = Geometry::rows;
  for (Index panel = 0; panel * width < p.columns; ++panel) {
    const Scalar* b = p.b + panel * p.b_stride;
    const Index left = (p.columns - panel * width + L::lanes - 1) / L::lanes;
    const int vectors = left < most ? static_cast<int>(left) : most;
    const auto strip = [&](Index row0, int row_count, const Scalar* a)
        __attribute__((always_inline)) {
      constexpr int row_step = walk == Walk::along_sum ? width : 1;
      int done = 0;
      const auto next = [&]<int R>() __attribute__((always_inline)) {
        const Index row = row0 + done;
        const Scalar* a_tile = a + done * row_step;
        const auto start = [&](int r, int v) __attribute__((always_inline)) {
          return init(panel, row + r, v);
        };
        const auto end = [&](int r, int v, L sum) __attribute__((always_inline)) {
          finish(panel, row + r, v, sum);
        };
        const auto run = [&]<int V>() __attribute__((always_inline)) {
          tile<Geometry, L, R, V, walk>(a_tile, p.a_stride, b, p.depth, start, end);
        };
        with_count<most>(vectors, run);
      };
      // Full tiles need no choice of a row count.
      for (; next_tile_rows<full>(row_count - done) == full; done += full) {
        next.template operator()<full>();
      }
      for (int rows; done < row_count; done += rows) {
        rows = next_tile_rows<full>(row_count - done);
        with_count<full - 1>(rows, next);
      }
    };
    if constexpr (walk == Walk::along_sum) {
      strip(0, p.rows, p.a);
    } else {
      for (int row0 = 0; row0 < p.rows; row0 += width) {
        const int count = p.rows - row0 < width ? p.rows - row0 : width;
        strip(row0, count, p.a + (row0 / width) * p.a_stride);
      }
    }
  }
}

}  // namespace axiom::cpu
