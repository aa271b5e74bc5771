// Products of matrices that lie in shared memory as a whole: threads read their operands where they
// are. Used where one block owns a network.
#pragma once

#include "cuda/kernels/matrix.h"

namespace axiom::cuda {

/// Which rows (columns) a thread's tile has. Inner operands: interleaved, so that neighbours read
/// neighbouring rows. Outer operands: quads.
template <bool inner>
struct TileIndex {
  int thread;  ///< among `threads` along this direction
  int threads;
  int end;  ///< rows of the product

  AXIOM_DEVICE int index(int i) const {
    return inner ? thread + i * threads : (i / 4 * threads + thread) * 4 + i % 4;
  }
  /// The same, kept within the operand, for loads whose results are dropped.
  AXIOM_DEVICE int readable(int i) const {
    const int at = index(i);
    return at < end ? at : end - 1;
  }
  AXIOM_DEVICE int readable_quad(int i) const {
    const int at = index(i);
    const int last = (end - 1) / 4 * 4;
    return at < last ? at : last;
  }
};

template <Form form, int tile_rows, class Start, class Sink>
AXIOM_DEVICE void direct_tile(Matrix a, Matrix b, int sums,
                              TileIndex<FormTraits<form>::a_inner> row,
                              TileIndex<FormTraits<form>::b_inner> column, const Start& start,
                              const Sink& sink) {
  using Traits = FormTraits<form>;
  float sum[tile_rows][4];
#pragma unroll
  for (int c = 0; c < 4; ++c) {
    const float from = start(column.readable(c));
#pragma unroll
    for (int r = 0; r < tile_rows; ++r) sum[r][c] = from;
  }
  const auto a_entry = [&](int r, int k) {
    return Traits::a_inner ? a.offset(row.readable(r), k) : a.offset(k, row.readable(r));
  };
  const auto b_entry = [&](int c, int k) {
    return Traits::b_inner ? b.offset(column.readable(c), k) : b.offset(k, column.readable(c));
  };
  const int whole = sums / 4 * 4;
  for (int k = 0; k < whole; k += 4) {
    float x[4][tile_rows];
    float y[4][4];
    if constexpr (Traits::a_inner) {
#pragma unroll
      for (int r = 0; r < tile_rows; ++r) {
        const Quad q = load_quad(a.p + a_entry(r, k));
#pragma unroll
        for (int i = 0; i < 4; ++i) x[i][r] = q.v[i];
      }
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int r = 0; r < tile_rows; r += 4) {
          const Quad q = load_quad(a.p + a.offset(k + i, row.readable_quad(r)));
#pragma unroll
          for (int v = 0; v < 4; ++v) x[i][r + v] = q.v[v];
        }
      }
    }
    if constexpr (Traits::b_inner) {
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        const Quad q = load_quad(b.p + b_entry(c, k));
#pragma unroll
        for (int i = 0; i < 4; ++i) y[i][c] = q.v[i];
      }
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const Quad q = load_quad(b.p + b.offset(k + i, column.readable_quad(0)));
#pragma unroll
        for (int c = 0; c < 4; ++c) y[i][c] = q.v[c];
      }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) accumulate(sum, x[i], y[i]);
  }
#pragma unroll 1
  for (int k = whole; k < sums; ++k) {
    float x[tile_rows];
    float y[4];
#pragma unroll
    for (int r = 0; r < tile_rows; ++r) x[r] = a.p[a_entry(r, k)];
#pragma unroll
    for (int c = 0; c < 4; ++c) y[c] = b.p[b_entry(c, k)];
    accumulate(sum, x, y);
  }
#pragma unroll
  for (int r = 0; r < tile_rows; ++r) {
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      const int i = row.index(r);
      const int j = column.index(c);
      if (i < row.end && j < column.end) sink(i, j, sum[r][c]);
    }
  }
}

template <Form form, int tile_rows, class Start, class Sink>
AXIOM_DEVICE void direct_tiles(Matrix a, Matrix b, int rows, int columns, int sums,
                               const Start& start, const Sink& sink) {
  const int down = (rows + tile_rows - 1) / tile_rows;
  const int across = (columns + 3) / 4;
  for (int tile = thread_index(); tile < down * across; tile += thread_count()) {
    direct_tile<form, tile_rows>(a, b, sums, {tile / across, down, rows},
                                 {tile % across, across, columns}, start, sink);
  }
}

/// sink(i, j, C[i][j]) for all outputs, spread over the block's threads. No barrier inside.
template <Form form, class Start, class Sink>
AXIOM_DEVICE void direct_product(Matrix a, Matrix b, int rows, int columns, int sums,
                                 const Start& start, const Sink& sink) {
  // Tall tiles read less per fma; short ones keep more threads at work.
  if ((rows + 7) / 8 * ((columns + 3) / 4) >= thread_count()) {
    direct_tiles<form, 8>(a, b, rows, columns, sums, start, sink);
  } else {
    direct_tiles<form, 4>(a, b, rows, columns, sums, start, sink);
  }
}

}  // namespace axiom::cuda
