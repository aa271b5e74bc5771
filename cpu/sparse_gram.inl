// Gram matrices of activations that skip zeros: about half of all units are inactive (ReLU gave 0),
// and then half of the terms of an entry's sum are 0·b.
//
// No bit changes (docs/ARITHMETIC.md, "Terms that may be left out"): with finite b such a term is
// ±0 and leaves every sum but −0 as it is, and no sum is ever −0: it begins as +0, one that cancels
// is +0, and in double the product of two floats does not underflow.
#pragma once

#include <cstdint>

#include "cpu/bit_square.inl"
#include "cpu/matrix_kernels.inl"

namespace axiom::cpu {

template <class Isa>
struct SparseGram {
  using D = typename Isa::Double;
  static constexpr int lanes = D::lanes;
  static constexpr int vectors = 8;  ///< of a panel: as many sums hide the FMA's latency
  static constexpr int width = vectors * lanes;
  static constexpr int depth = 64;  ///< samples taken at once, as bits of a word
  static constexpr int least = 64;  ///< columns; fewer take longer (docs/PERFORMANCE_CHANGES.md)
  static_assert(depth % width == 0);

  /// Doubles that upper_triangle() needs, 64-byte aligned.
  static std::size_t workspace(int m) {
    if (m < least) return 0;
    return static_cast<std::size_t>(padded(m, width) * depth + padded(m, depth));
  }

  /// c = aᵀ·a, m × m, of a, rows × m: on and above the diagonal, and some entries below it. False
  /// if all terms are to be summed instead: if few are zero, or a is not finite.
  static bool upper_triangle(const float* a, int rows, int m, double* c, double* scratch) {
    if (m < least) return false;
    auto* bits = reinterpret_cast<std::uint64_t*>(scratch + padded(m, width) * depth);
    D finite = D::zero();
    for (int first = 0; first < rows; first += depth) {
      const int count = rows - first < depth ? rows - first : depth;
      pack(a + static_cast<Index>(first) * m, count, m, scratch, bits, finite);
      if (first == 0 && 4 * ones(bits, m) > Index{3} * count * m) return false;
      const Part part{scratch, bits, c, m, first == 0};
      for (int column = 0; column < m; column += width) {
        strip<vectors>(part, 0, column, column);
        for (int v = 0; v < vectors && column + v * lanes < m; ++v) {
          const int row = column + v * lanes;
          const auto run = [&]<int V>() __attribute__((always_inline)) {
            strip<V>(part, row, row + lanes < m ? row + lanes : m, row);
          };
          with_count<vectors>(vectors - v, run);
        }
      }
    }
    alignas(64) double sums[lanes];
    finite.store(sums);
    bool all = rows > 0;
    for (const double sum : sums) all &= sum == 0.0;
    return all;
  }

 private:
  static constexpr Index padded(int n, int to) {
    return (n + to - 1) / to * static_cast<Index>(to);
  }

  struct Part {
    const double* packed;       ///< panels of `depth` rows
    const std::uint64_t* bits;  ///< of each column, which samples are not zero
    double* c;
    int m;
    bool first;  ///< sums begin with +0, else they go on
  };

  /// Samples to panels, and which of them are not zero; padding columns become zero. `finite` stays
  /// ±0 if all of them are finite.
  static void pack(const float* a, int count, int m, double* packed, std::uint64_t* bits,
                   D& finite) {
    using F = typename Isa::Float;
    for (Index i = 0; i < padded(m, depth); ++i) bits[i] = 0;
    alignas(64) float tail[width];
    for (int t = 0; t < count; ++t, a += m) {
      for (int column = 0; column < m; column += width) {
        const float* from = a + column;
        if (m - column < width) {
          for (int i = 0; i < width; ++i) tail[i] = column + i < m ? from[i] : 0.0f;
          from = tail;
        }
        double* to = packed + static_cast<Index>(column) * depth + t * width;
        std::uint64_t here = 0;
#pragma GCC unroll 4
        for (int i = 0; i < width; i += F::lanes) {
          here |= static_cast<std::uint64_t>(Isa::non_zero_bits(F::load_unaligned(from + i))) << i;
        }
#pragma GCC unroll 8
        for (int i = 0; i < width; i += lanes) {
          const D values = D::load_unaligned(from + i);
          finite = fma(values, D::zero(), finite);
          values.store(to + i);
        }
        bits[column / depth * depth + t] |= here << column % depth;
      }
    }
    for (Index i = 0; i < padded(m, depth); i += depth) BitSquare<Isa>::transpose(bits + i);
  }

  static Index ones(const std::uint64_t* bits, int m) {
    Index sum = 0;
    for (int u = 0; u < m; ++u) sum += __builtin_popcountll(bits[u]);
    return sum;
  }

  /// Adds to the last V vectors of a panel, from `column` on, in rows row … end − 1.
  template <int V>
  static void strip(const Part& part, int row, int end, int column) {
    using Rows = MatrixKernels<Isa>;
    const int m = part.m;
    const double* b =
        part.packed + static_cast<Index>(column / width * width) * depth + column % width;
    asm("" : "+r"(b));  // kept from being derived from `a`: a term then takes no address arithmetic
    for (; row < end; ++row) {
      const double* a = part.packed + static_cast<Index>(row / width * width) * depth + row % width;
      double* c = part.c + static_cast<Index>(row) * m;
      D sum[V];
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) {
        sum[v] = part.first ? D::zero() : Rows::load_some(c, column + v * lanes, m);
      }
      const auto term = [&](Index t) __attribute__((always_inline)) {
        const D left = D::broadcast(a + t * width);
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
          sum[v] = fma(left, D::load(b + t * width + v * lanes), sum[v]);
        }
      };
      std::uint64_t bits = part.bits[row];
      int terms = __builtin_popcountll(bits);
      for (; terms >= 2; terms -= 2) {  // in pairs: addresses are known earlier
        const Index t0 = __builtin_ctzll(bits);
        bits &= bits - 1;
        const Index t1 = __builtin_ctzll(bits);
        bits &= bits - 1;
        term(t0);
        term(t1);
      }
      if (terms > 0) term(__builtin_ctzll(bits));
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) Rows::store_some(sum[v], c, column + v * lanes, m);
    }
  }
};

}  // namespace axiom::cpu
