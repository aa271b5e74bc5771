// Products of matrices in global memory: slabs of both operands pass through shared memory, two in
// turn, so that the next one is on its way while this one is summed.
#pragma once

#include "cuda/kernels/matrix.h"
#include "cuda/kernels/team_layout.h"

namespace axiom::cuda {

/// A block of 128 threads computes tiles of 64 rows; thread (ty, tx) of the grid owns
/// 4·row_quads × 4·column_quads outputs, in quads that lie a whole grid apart.
template <int row_quads_, int column_quads_, int threads_across_>
struct StagedTile {
  static constexpr int row_quads = row_quads_;
  static constexpr int column_quads = column_quads_;
  static constexpr int threads_across = threads_across_;
  static constexpr int threads_down = team_threads / threads_across;
  static constexpr int rows = 4 * row_quads * threads_down;
  static constexpr int columns = 4 * column_quads * threads_across;
  static constexpr int depth = 8;  ///< of a slab, along the sum
  static constexpr int a_stride = rows + 4;
  static constexpr int b_stride = columns + 4;
  static constexpr int slab_floats = depth * (a_stride + b_stride);
};
using WideTile = StagedTile<2, 2, 16>;    // 64 × 128
using MediumTile = StagedTile<2, 1, 16>;  // 64 × 64
using NarrowTile = StagedTile<1, 1, 8>;   // 64 × 32
inline constexpr int staged_floats = 2 * WideTile::slab_floats;

/// The part of an operand's slab that one thread carries: `extent` rows (or columns) of the tile.
template <bool inner, int extent>
struct SlabLoader {
  static constexpr int quads = extent * 8 / 4 / team_threads;
  static_assert(quads >= 1 || extent * 8 / 4 * 2 == team_threads, "whole quads a thread");
  static constexpr int carried = quads >= 1 ? quads : 1;
  Quad quad[carried];

  AXIOM_DEVICE static bool takes_part() { return quads >= 1 || thread_index() < extent * 8 / 4; }
  /// Where quad q of this thread lies in the slab: inner operands in quads along the sum.
  AXIOM_DEVICE static int along_sum(int q) {
    const int i = thread_index() + q * team_threads;
    return inner ? i % 2 * 4 : i / (extent / 4);
  }
  AXIOM_DEVICE static int across(int q) {
    const int i = thread_index() + q * team_threads;
    return inner ? i / 2 : i % (extent / 4) * 4;
  }

  /// From global memory; zeros beyond the operand's end.
  AXIOM_DEVICE void load(Matrix m, int first, int first_k, int end, int end_k) {
    if (!takes_part()) return;
#pragma unroll
    for (int q = 0; q < carried; ++q) {
      const int i = first + across(q);
      const int k = first_k + along_sum(q);
      const bool inside = i < end && k < end_k;
      if (!inside) {
        quad[q] = Quad{{0.0f, 0.0f, 0.0f, 0.0f}};
      } else {
        quad[q] = load_quad(in_global_memory(m.p) + (inner ? m.offset(i, k) : m.offset(k, i)));
      }
    }
  }

  /// To the slab in shared memory, [along the sum][across].
  AXIOM_DEVICE void store(float* slab, int stride) const {
    if (!takes_part()) return;
#pragma unroll
    for (int q = 0; q < carried; ++q) {
      float* to = slab + along_sum(q) * stride + across(q);
      if constexpr (inner) {
#pragma unroll
        for (int v = 0; v < 4; ++v) to[v * stride] = quad[q].v[v];
      } else {
        store_quad(to, quad[q]);
      }
    }
  }
};

template <Form form, class Tile, class Start, class Sink>
AXIOM_DEVICE void staged_tile(Matrix a, Matrix b, int rows, int columns, int sums, int first_row,
                              int first_column, const Start& start, const Sink& sink) {
  using Traits = FormTraits<form>;
  constexpr int r_count = 4 * Tile::row_quads;
  constexpr int c_count = 4 * Tile::column_quads;
  float* const slabs = shared_memory();
  const int tx = thread_index() % Tile::threads_across;
  const int ty = thread_index() / Tile::threads_across;
  const auto row = [&](int r) {
    return first_row + r / 4 * 4 * Tile::threads_down + ty * 4 + r % 4;
  };
  const auto column = [&](int c) {
    return first_column + c / 4 * 4 * Tile::threads_across + tx * 4 + c % 4;
  };
  float sum[r_count][c_count];
#pragma unroll
  for (int c = 0; c < c_count; ++c) {
    const float from = start(column(c) < columns ? column(c) : columns - 1);
#pragma unroll
    for (int r = 0; r < r_count; ++r) sum[r][c] = from;
  }
  SlabLoader<Traits::a_inner, Tile::rows> next_a;
  SlabLoader<Traits::b_inner, Tile::columns> next_b;
  const auto load = [&](int k) {
    next_a.load(a, first_row, k, rows, sums);
    next_b.load(b, first_column, k, columns, sums);
  };
  load(0);
  int turn = 0;
  for (int first_k = 0; first_k < sums; first_k += Tile::depth, turn ^= 1) {
    // One barrier a slab: a slab is written again only after the barrier that follows its last use.
    float* const slab_a = slabs + turn * Tile::slab_floats;
    float* const slab_b = slab_a + Tile::depth * Tile::a_stride;
    next_a.store(slab_a, Tile::a_stride);
    next_b.store(slab_b, Tile::b_stride);
    synchronize_block();
    if (first_k + Tile::depth < sums) load(first_k + Tile::depth);
    const auto add_terms = [&](int k) {
      float x[r_count];
      float y[c_count];
#pragma unroll
      for (int q = 0; q < Tile::row_quads; ++q) {
        const Quad quad =
            load_quad(slab_a + k * Tile::a_stride + (q * Tile::threads_down + ty) * 4);
#pragma unroll
        for (int v = 0; v < 4; ++v) x[4 * q + v] = quad.v[v];
      }
#pragma unroll
      for (int q = 0; q < Tile::column_quads; ++q) {
        const Quad quad =
            load_quad(slab_b + k * Tile::b_stride + (q * Tile::threads_across + tx) * 4);
#pragma unroll
        for (int v = 0; v < 4; ++v) y[4 * q + v] = quad.v[v];
      }
      accumulate(sum, x, y);
    };
    // The sum ends where the operands end: a further term 0·0 could turn −0 into +0.
    if (first_k + Tile::depth <= sums) {
#pragma unroll
      for (int k = 0; k < Tile::depth; ++k) add_terms(k);
    } else {
#pragma unroll 1
      for (int k = 0; k < sums - first_k; ++k) add_terms(k);
    }
  }
  synchronize_block();  // before the next tile's slabs
#pragma unroll
  for (int r = 0; r < r_count; ++r) {
#pragma unroll
    for (int c = 0; c < c_count; ++c) {
      if (row(r) < rows && column(c) < columns) sink(row(r), column(c), sum[r][c]);
    }
  }
}

template <Form form, class Tile, class Start, class Sink>
AXIOM_DEVICE_FUNCTION void staged_tiles(int rank, int blocks, Matrix a, Matrix b, int rows,
                                        int columns, int sums, Start start, Sink sink) {
  const int across = (columns + Tile::columns - 1) / Tile::columns;
  const int down = (rows + Tile::rows - 1) / Tile::rows;
  for (int tile = rank; tile < across * down; tile += blocks) {
    staged_tile<form, Tile>(a, b, rows, columns, sums, tile / across * Tile::rows,
                            tile % across * Tile::columns, start, sink);
  }
}

/// sink(i, j, C[i][j]) for all outputs, spread over the threads of `blocks` blocks, of which this
/// is number `rank`. All threads call it; no barrier of the team inside.
template <Form form, class Start, class Sink>
AXIOM_DEVICE void staged_product(int rank, int blocks, Matrix a, Matrix b, int rows, int columns,
                                 int sums, const Start& start, const Sink& sink) {
  if constexpr (Sink::rare) {
    return staged_tiles<form, MediumTile>(rank, blocks, a, b, rows, columns, sums, start, sink);
  }
  const int wide_tiles = (rows + WideTile::rows - 1) / WideTile::rows *
                         ((columns + WideTile::columns - 1) / WideTile::columns);
  if (columns <= NarrowTile::columns) {
    staged_tiles<form, NarrowTile>(rank, blocks, a, b, rows, columns, sums, start, sink);
  } else if (columns <= MediumTile::columns || wide_tiles < blocks) {
    staged_tiles<form, MediumTile>(rank, blocks, a, b, rows, columns, sums, start, sink);
  } else {
    staged_tiles<form, WideTile>(rank, blocks, a, b, rows, columns, sums, start, sink);
  }
}

}  // namespace axiom::cuda
