// Float matrices in panels (kernels.h): where an entry lies, and transposition.
#pragma once

#include "cpu/tile.inl"

namespace axiom::cpu {

template <class Isa>
struct PanelMatrices {
  using F = typename Isa::Float;
  static constexpr int lanes = F::lanes;
  static constexpr int width = Panel<Isa, F>::width;

  static constexpr int padded(int n) { return (n + width - 1) / width * width; }
  /// Floats between the panels of a matrix with so many rows.
  static constexpr Index stride(int rows) { return static_cast<Index>(padded(rows)) * width; }
  /// Offset of vector v of a row.
  static constexpr Index at(Index panel_stride, Index panel, Index row, int v) {
    return panel * panel_stride + row * width + v * lanes;
  }

  // Beginnings and ends of a product's sums.
  struct Zero {
    AXIOM_INLINE F operator()(Index, Index, int) const { return F::zero(); }
  };
  /// Takes a tile's sums as they are.
  struct Panels {
    float* to;
    Index panel_stride;
    AXIOM_INLINE void operator()(Index panel, Index row, int v, F sum) const {
      sum.store(to + at(panel_stride, panel, row, v));
    }
  };

  /// Panels rows × columns to panels columns × rows; padding is copied along.
  static void transpose(const float* from, Index from_stride, int rows, int columns, float* to,
                        Index to_stride) {
    transpose_each(
        from, from_stride, rows,
        columns, [=](Index row, Index column, F values) __attribute__((always_inline)) {
          values.store(to + (row / width) * to_stride + column * width + row % width);
        });
  }

  /// Visits a panel matrix in blocks: use(row, column, values of rows row … row + lanes − 1).
  template <class Use>
  static AXIOM_INLINE void transpose_each(const float* from, Index from_stride, int rows,
                                          int columns, Use use) {
    for (Index column = 0; column < columns; column += lanes) {
      const float* panel = from + (column / width) * from_stride + column % width;
      for (Index row = 0; row < rows; row += lanes) {
        const auto at_column = [=](int c, F values) __attribute__((always_inline)) {
          use(row, column + c, values);
        };
        Isa::transpose(panel + row * width, width, at_column);
      }
    }
  }
};

}  // namespace axiom::cpu
