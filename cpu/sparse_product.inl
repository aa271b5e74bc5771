// Matrix products that skip the zeros of A: about half of all units are inactive (ReLU gave 0), and
// then half of the terms of a sum over units, or of a unit's sum over samples, are 0·b.
//
// No bit changes (docs/ARITHMETIC.md, "Terms that may be left out"): with finite b such a term is
// ±0 and leaves every sum as it is, except that −0 + +0 = +0. So a sum without these terms can
// differ from the whole one only where it ends as −0, which takes an underflow; it is then computed
// again, whole.
#pragma once

#include "cpu/bit_square.inl"
#include "cpu/kernels.h"
#include "cpu/panel_matrices.inl"
#include "cpu/tile.inl"

namespace axiom::cpu {

template <class Isa>
struct SparseProduct {
  using Matrices = PanelMatrices<Isa>;
  using F = typename Isa::Float;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Matrices::width;
  static constexpr int vectors = Isa::tile_vectors;
  static constexpr int depth = NonZeros::depth;

  /// C = init + A·B, A's panels along the sum. `bits` receives those of A, [depth / 64][bits_step];
  /// `partial`: a matrix of C's size for sums on their way, C itself unless `init` reads it.
  /// `signed_zeros`: whether `finish` tells −0 from +0.
  template <bool signed_zeros, class Init, class Finish>
  static void along_sum(const Product<float>& p, const NonZeros& scratch, std::uint64_t* bits,
                        int bits_step, float* partial, Index partial_stride, Init init,
                        Finish finish) {
    for (int t = 0; t < p.depth; t += depth, bits += bits_step) {
      const int end = p.depth - t > depth ? t + depth : p.depth;
      gather(p, t, end, scratch.values, bits);
      const Part part{bits,    scratch.values, t, 0, p.rows, t == 0, end == p.depth,
                      partial, partial_stride};
      strips<Walk::along_sum, signed_zeros>(p, part, init, finish);
    }
  }

  /// C = init + A·B, A's panels along the rows. `bits`: those of Aᵀ, [rows / 64][bits_step];
  /// `square`: 64 words of scratch. REQUIRES: p.depth ≤ 64.
  template <class Init, class Finish>
  static void along_rows(const Product<float>& p, const std::uint64_t* bits, int bits_step,
                         std::uint64_t* square, Init init, Finish finish) {
    for (int row = 0; row < p.rows; row += depth, bits += bits_step) {
      for (int t = 0; t < depth; ++t) square[t] = t < p.depth ? bits[t] : 0;
      BitSquare<Isa>::transpose(square);
      const int rows = p.rows - row < depth ? p.rows - row : depth;
      const Part part{square, nullptr, 0, row, rows, true, true, nullptr, 0};
      strips<Walk::along_rows, true>(p, part, init, finish);
    }
  }

 private:
  /// Some rows of a product and at most 64 terms of their sums.
  struct Part {
    const std::uint64_t* bits;  ///< a word for each row
    const float* values;        ///< rows × depth; along_sum only
    Index first_term;
    Index first_row;
    int rows;
    bool first;  ///< sums begin with init, else with `partial`
    bool last;   ///< sums go to finish, else to `partial`
    float* partial;
    Index partial_stride;
  };

  /// Copies A(r, t), first ≤ t < end, to rows of `values`, and notes which are not zero.
  static void gather(const Product<float>& p, int first, int end, float* values,
                     std::uint64_t* bits) {
    for (Index r = 0; r < p.rows; ++r, values += depth) {
      std::uint64_t row_bits = 0;
      for (int t = first; t < end; t += lanes) {
        const F a = F::load(p.a + (t / width) * p.a_stride + r * width + t % width);
        a.store(values + (t - first));
        row_bits |= static_cast<std::uint64_t>(Isa::non_zero_bits(a)) << (t - first);
      }
      bits[r] = row_bits;
    }
  }

  /// All panels of B, some at a time.
  template <Walk walk, bool signed_zeros, class Init, class Finish>
  static AXIOM_INLINE void strips(const Product<float>& p, const Part& part, Init init,
                                  Finish finish) {
    constexpr int most = Isa::sparse_panels;
    const int all = (p.columns + width - 1) / width;
    int groups = (all + most - 1) / most;
    for (int panel = 0, count; panel < all; panel += count, --groups) {
      count = (all - panel + groups - 1) / groups;
      const auto run = [&]<int panels>() __attribute__((always_inline)) {
        strip<panels, walk, signed_zeros>(p, part, panel, init, finish);
      };
      with_count<most>(count, run);
    }
  }

  template <int panels, class Body>
  static AXIOM_INLINE void each(Body body) {
#pragma GCC unroll 8
    for (int n = 0; n < panels; ++n) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) body(n, v);
    }
  }

  /// Panels panel0 … panel0 + panels − 1 of B.
  template <int panels, Walk walk, bool signed_zeros, class Init, class Finish>
  static AXIOM_INLINE void strip(const Product<float>& p, const Part& part, Index panel0, Init init,
                                 Finish finish) {
    // A pointer for each panel, and the compiler kept from deriving one from another: a term then
    // takes no address arithmetic.
    const float* b[panels];
#pragma GCC unroll 8
    for (int n = 0; n < panels; ++n) {
      b[n] = p.b + (panel0 + n) * p.b_stride + part.first_term * width;
      asm("" : "+r"(b[n]));
    }
    for (Index r = 0; r < part.rows; ++r) {
      const Index row = part.first_row + r;
      const auto partial = [&](int n, int v) __attribute__((always_inline)) {
        return part.partial + Matrices::at(part.partial_stride, panel0 + n, row, v);
      };
      F sum[panels * vectors];
      if (part.first) {
        each<panels>([&](int n, int v) __attribute__((always_inline)) {
          sum[n * vectors + v] = init(panel0 + n, row, v);
        });
      } else {
        each<panels>([&](int n, int v) __attribute__((always_inline)) {
          sum[n * vectors + v] = F::load(partial(n, v));
        });
      }
      const float* a = walk == Walk::along_sum ? part.values + r * depth
                                               : p.a + (row / width) * p.a_stride + row % width;
      const auto term = [&](Index t) __attribute__((always_inline)) {
        const F left = F::broadcast(a + (walk == Walk::along_sum ? t : t * width));
        each<panels>([&](int n, int v) __attribute__((always_inline)) {
          sum[n * vectors + v] =
              fma(left, F::load(b[n] + t * width + v * lanes), sum[n * vectors + v]);
        });
      };
      std::uint64_t bits = part.bits[r];
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
      if (!part.last) {
        each<panels>([&](int n, int v) __attribute__((always_inline)) {
          sum[n * vectors + v].store(partial(n, v));
        });
        continue;
      }
      if (signed_zeros && Isa::any_negative_zero(sum, panels * vectors)) [[unlikely]] {
        whole_row<panels, walk>(p, row, panel0, init, finish);
        continue;
      }
      each<panels>([&](int n, int v) __attribute__((always_inline)) {
        finish(panel0 + n, row, v, sum[n * vectors + v]);
      });
    }
  }

  /// A row of these panels with all terms of its sums.
  template <int panels, Walk walk, class Init, class Finish>
  [[gnu::noinline]] static void whole_row(const Product<float>& p, Index row, Index panel0,
                                          Init init, Finish finish) {
    for (Index panel = panel0; panel < panel0 + panels; ++panel) {
      for (int v = 0; v < vectors; ++v) {
        F sum = init(panel, row, v);
        for (Index t = 0; t < p.depth; ++t) {
          const float* a = walk == Walk::along_sum
                               ? p.a + (t / width) * p.a_stride + row * width + t % width
                               : p.a + (row / width) * p.a_stride + t * width + row % width;
          const float* b = p.b + panel * p.b_stride + t * width + v * lanes;
          sum = fma(F::broadcast(a), F::load(b), sum);
        }
        finish(panel, row, v, sum);
      }
    }
  }
};

}  // namespace axiom::cpu
