// Gram matrices for the metrics (client/plan/matrix_ops.h): of doubles, and of activations, which
// become doubles as they are packed.
#pragma once

#include "cpu/matrix_kernels.inl"
#include "cpu/sparse_gram.inl"
#include "cpu/tridiagonal.inl"

namespace axiom::cpu {

/// `vectors`: of a panel.
template <class Isa, int vectors>
struct GramInPanels {
  using Products = MatrixKernels<Isa, vectors>;
  using Sparse = SparseGram<Isa>;
  using D = typename Isa::Double;
  static constexpr int lanes = Products::lanes;
  static constexpr int width = Products::width;
  static constexpr int strip = 8;  ///< units packed at a time: half a cache line of each sample
  static_assert(strip % lanes == 0);

  static void gram(const double* a, double* c, int rows, int m) {
    upper_triangle(packer(a, m), thread_workspace(packed_doubles(m)), c, rows, m);
    mirror(c, m);
  }

  static void gram_of_activations(const float* a, double* c, int rows, int m) {
    upper_triangle_of_activations(a, rows, m, c, thread_workspace(packed_doubles(m)));
    mirror(c, m);
  }

  static void reduced_gram(const float* a, int rows, int m, double* diagonal,
                           double* off_diagonal) {
    // Whole panels, so that what follows is aligned: first what is packed, then what is reduced.
    const auto size = static_cast<std::size_t>(static_cast<Index>(Products::panels(m)) * width * m);
    const std::size_t packed = packed_doubles(m);
    const std::size_t reduced = Tridiagonal<Isa>::workspace(m);
    double* c = thread_workspace(size + (packed > reduced ? packed : reduced));
    upper_triangle_of_activations(a, rows, m, c, c + size);
    mirror(c, m);
    Tridiagonal<Isa>::reduce(c, m, diagonal, off_diagonal, c + size);
  }

  static void centred_kernel(const float* a, int samples, int units, double* c) {
    double* packed_rows = thread_workspace(packed_doubles(samples) + Products::row_block);
    double* means = packed_rows + packed_doubles(samples);
    upper_triangle(
        [=](int first, int count, double* packed) {
          means_of_columns(a + first, samples, units, count, means);
          pack_transposed(a + first, means, samples, units, count, packed);
        },
        packed_rows, c, units, samples);
  }

 private:
  static void upper_triangle_of_activations(const float* a, int rows, int m, double* c,
                                            double* scratch) {
    if (!Sparse::upper_triangle(a, rows, m, c, scratch)) {
      upper_triangle(packer(a, m), scratch, c, rows, m);
    }
  }

  /// Of rows × m matrices, for upper_triangle().
  template <class Scalar>
  static auto packer(const Scalar* a, int m) {
    return [=](int first, int count, double* packed) {
      Products::pack(a + static_cast<Index>(first) * m, count, m, packed);
    };
  }
  static std::size_t packed_doubles(int m) {
    const auto dense = static_cast<std::size_t>(Products::panels(m) *
                                                Products::panel_doubles(Products::row_block));
    return dense > Sparse::workspace(m) ? dense : Sparse::workspace(m);
  }

  /// Entries on and above the diagonal, and some below it. pack(first, count, packed) fills panels
  /// of m columns with some of the rows that are summed over.
  template <class Pack>
  static void upper_triangle(Pack pack, double* packed, double* c, int rows, int m) {
    for (int first = 0; first < rows || first == 0; first += Products::row_block) {
      const int count = rows - first < Products::row_block ? rows - first : Products::row_block;
      pack(first, count, packed);
      const Index stride = Products::panel_doubles(count);
      // Adds to c[row … row + height)[column … column + across) inside one panel of columns.
      const auto add = [=](int row, int height, int column, int across) {
        const auto at = [=](int i) { return packed + (i / width) * stride + i % width; };
        const Product<double> p{at(row), stride, at(column), stride, height, across, count};
        Products::accumulate(p, first == 0, c + static_cast<Index>(row) * m + column, m, across);
      };
      for (int column = 0; column < m; column += width) {
        const int across = m - column < width ? m - column : width;
        // Of the block on the diagonal, the lower left quarter is left out, if its right half is
        // enough to keep the processor busy.
        constexpr bool halves = vectors == 2 && lanes >= Products::tile_rows;
        const int top = !halves || across < lanes ? across : lanes;
        add(0, column + top, column, across);
        if (across > top) add(column + top, across - top, column + top, across - top);
      }
    }
  }

  /// Of the first `count` columns, each summed from the first row down.
  static void means_of_columns(const float* a, int rows, int stride, int count, double* means) {
    constexpr int sums = 8;  // under way: enough to hide an addition
    int column = 0;
    for (; column + sums * lanes <= count; column += sums * lanes) {
      D sum[sums];
#pragma GCC unroll 8
      for (int v = 0; v < sums; ++v) sum[v] = D::zero();
      for (Index i = 0; i < rows; ++i) {
#pragma GCC unroll 8
        for (int v = 0; v < sums; ++v) {
          sum[v] = add(sum[v], D::load_unaligned(a + i * stride + column + v * lanes));
        }
      }
      const D divisor = D::splat(rows);
#pragma GCC unroll 8
      for (int v = 0; v < sums; ++v) {
        div(sum[v], divisor).store_unaligned(means + column + v * lanes);
      }
    }
    for (; column < count; ++column) {
      double sum = 0.0;
      for (Index i = 0; i < rows; ++i) sum += a[i * stride + column];
      means[column] = sum / rows;
    }
  }

  /// Some units of samples, row-major, to panels of samples, less the units' offsets.
  static void pack_transposed(const float* a, const double* offsets, int samples, int units,
                              int count, double* to) {
    for (int panel = 0; panel * width < samples; ++panel) {
      const float* from = a + static_cast<Index>(panel) * width * units;
      const int here = samples - panel * width < width ? samples - panel * width : width;
      for (int unit = 0; unit < count; unit += strip) {
        const int some = count - unit < strip ? count - unit : strip;
        alignas(64) double shifted[width][strip];
        for (int s = 0; s < here; ++s) {
          const float* row = from + static_cast<Index>(s) * units + unit;
          if (some == strip) {
#pragma GCC unroll 2
            for (int u = 0; u < strip; u += lanes) {
              sub(D::load_unaligned(row + u), D::load_unaligned(offsets + unit + u))
                  .store(shifted[s] + u);
            }
          } else {
            for (int u = 0; u < some; ++u) shifted[s][u] = row[u] - offsets[unit + u];
          }
        }
        for (int s = here; s < width; ++s) {
          for (int u = 0; u < strip; ++u) shifted[s][u] = 0.0;
        }
        for (int u = 0; u < some; ++u, to += width) {
          for (int s = 0; s < width; ++s) to[s] = shifted[s][u];
        }
      }
    }
  }

  /// Copies the upper triangle to the lower one, in blocks that stay in the cache.
  static void mirror(double* c, int m) {
    constexpr int block = 16;
    for (int i0 = 0; i0 < m; i0 += block) {
      const int i1 = i0 + block < m ? i0 + block : m;
      for (int j0 = 0; j0 <= i0; j0 += block) {
        for (int i = i0; i < i1; ++i) {
          const int j1 = j0 + block < i ? j0 + block : i;
          for (int j = j0; j < j1; ++j) {
            c[static_cast<Index>(i) * m + j] = c[static_cast<Index>(j) * m + i];
          }
        }
      }
    }
  }
};

/// In wide panels where these are filled as well: more multiply-adds for each load, which counts
/// where two threads share a core (measured: docs/PERFORMANCE_CHANGES.md).
template <class Isa>
struct Gram {
  static void gram(const double* a, double* c, int rows, int m) {
    wide(m) ? Wide::gram(a, c, rows, m) : Narrow::gram(a, c, rows, m);
  }
  static void gram_of_activations(const float* a, double* c, int rows, int m) {
    wide(m) ? Wide::gram_of_activations(a, c, rows, m) : Narrow::gram_of_activations(a, c, rows, m);
  }
  static void reduced_gram(const float* a, int rows, int m, double* diagonal,
                           double* off_diagonal) {
    wide(m) ? Wide::reduced_gram(a, rows, m, diagonal, off_diagonal)
            : Narrow::reduced_gram(a, rows, m, diagonal, off_diagonal);
  }
  static void centred_kernel(const float* a, int samples, int units, double* c) {
    wide(samples) ? Wide::centred_kernel(a, samples, units, c)
                  : Narrow::centred_kernel(a, samples, units, c);
  }

 private:
  using Narrow = GramInPanels<Isa, Isa::tile_vectors>;
  using Wide = GramInPanels<Isa, Isa::wide_vectors>;
  static bool wide(int m) {
    const auto padded = [m](int width) { return (m + width - 1) / width * width; };
    return padded(Wide::width) <= padded(Narrow::width);
  }
};

}  // namespace axiom::cpu
