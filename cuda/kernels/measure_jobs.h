// What the host hands to the kernels of the metrics: plain data of fixed layout. Sums and products
// are in double, in the order of client/plan/matrix_ops.h.
#pragma once

#include <cstdint>

#include "client/arithmetic/platform.h"
#include "cuda/kernels/jobs.h"

namespace axiom::cuda {

inline constexpr int measure_threads = 256;  ///< of a block that works on a matrix
inline constexpr int chain_threads = 32;     ///< of a block whose threads each have a job

inline constexpr int product_tile =
    64;  ///< rows and columns of a product that a block does at once
inline constexpr int product_slab = 16;  ///< terms that are staged at once
/// Rows of staged terms begin in different banks.
inline constexpr int staged_doubles = 2 * product_slab * (product_tile + 1);

/// What the threads of a block tell each other.
struct alignas(16) MeasureControl {
  Turn turn;
  double numbers[4];
  std::uint32_t counters[8];
};

/// Largest order of a matrix: four of its rows are in shared memory.
inline constexpr int largest_order = 1024;
inline constexpr int rows_in_shared_memory = 4;
AXIOM_HOST_DEVICE constexpr int measure_shared_bytes(int order) {
  const int rows = rows_in_shared_memory * order;
  const int doubles = rows > staged_doubles ? rows : staged_doubles;
  return static_cast<int>(sizeof(MeasureControl)) + doubles * static_cast<int>(sizeof(double));
}

/// A network's activations on an evaluation set.
struct Activations {
  Address<const float> values;  ///< samples × stride
  std::int32_t samples;
  std::int32_t width;

  AXIOM_HOST_DEVICE constexpr int stride() const { return padded(width); }
};

/// Tiles that cover a symmetric matrix on and above its diagonal.
AXIOM_HOST_DEVICE constexpr int symmetric_tiles(int n) {
  const int across = (n + product_tile - 1) / product_tile;
  return across * (across + 1) / 2;
}
AXIOM_HOST_DEVICE constexpr int rectangular_tiles(int rows, int columns) {
  return ((rows + product_tile - 1) / product_tile) * ((columns + product_tile - 1) / product_tile);
}

/// Squared singular values of activations h, in three kinds of work: tiles of hᵀh (or hhᵀ, if that
/// is smaller), columns of its reduction to tridiagonal form, sweeps of the QL method.
struct SpectrumJob {
  Activations h;
  std::int32_t done;   ///< tiles, then columns
  std::int32_t first;  ///< of the QL method; 0 sweeps: not begun
  std::int32_t sweeps;
  std::int32_t status;  ///< SpectrumStatus
  double norm;
  Address<double> matrix;        ///< order() × order()
  Address<double> update;        ///< 2 · order(): the pending update of the reduction
  Address<double> diagonal;      ///< order(): the eigenvalues in the end, in any order
  Address<double> off_diagonal;  ///< order()

  AXIOM_HOST_DEVICE constexpr bool wide() const { return h.width > h.samples; }
  AXIOM_HOST_DEVICE constexpr int order() const { return wide() ? h.samples : h.width; }
  AXIOM_HOST_DEVICE constexpr int parts() const { return symmetric_tiles(order()) + order(); }
};
enum SpectrumStatus : std::int32_t { spectrum_open, spectrum_done, not_finite, no_convergence };

/// Centred activations' AAᵀ (samples × samples), or AᵀB (width × width) if `b` is given.
struct KernelJob {
  Activations a;
  Activations b;      ///< values 0: AAᵀ
  std::int32_t done;  ///< tiles
  std::int32_t reserved;
  Address<double> means;    ///< 2 · width
  Address<double> product;  ///< samples² or width²

  AXIOM_HOST_DEVICE constexpr bool in_sample_space() const { return b.values.value == 0; }
  AXIOM_HOST_DEVICE constexpr int order() const { return in_sample_space() ? a.samples : a.width; }
  AXIOM_HOST_DEVICE constexpr int parts() const {
    return in_sample_space() ? symmetric_tiles(order()) : rectangular_tiles(order(), order());
  }
};

/// ‖AᵀB‖² from two kernels, ⟨x, y⟩, or from the product itself, Σ x².
struct InnerProductJob {
  Address<const double> x;  ///< order × order
  Address<const double> y;  ///< 0: Σ x²
  Address<double> result;
  std::int32_t order;
  std::int32_t reserved;
};

inline constexpr int correlation_results = 2;

/// Correlations of units with inputs. Work: tiles of the product of both, centred; then their sums.
struct CorrelationJob {
  Activations x;  ///< the inputs
  Activations h;
  std::int32_t done;  ///< parts
  std::int32_t reserved;
  double least_deviation;       ///< standard deviations below it count as it
  Address<double> means;        ///< x.width + h.width
  Address<double> inverse_sds;  ///< likewise
  Address<double> products;     ///< x.width × h.width
  Address<double> of_units;     ///< 2 · h.width: largest and mean |correlation| of each
  Address<double> results;      ///< correlation_results: the means of these

  AXIOM_HOST_DEVICE constexpr int tiles() const { return rectangular_tiles(x.width, h.width); }
  AXIOM_HOST_DEVICE constexpr int parts() const { return tiles() + 1; }
};

/// How well a network's outputs tell their labels.
struct ScoreJob {
  Address<const float> outputs;        ///< samples × padded(classes)
  Address<const std::int32_t> labels;  ///< samples
  std::int32_t samples;
  std::int32_t classes;
  std::int32_t sigmoid;
  std::int32_t done;        ///< 1 in the end
  Address<double> losses;   ///< samples
  Address<double> results;  ///< score_results: mean loss, accuracy, samples that are not finite

  AXIOM_HOST_DEVICE constexpr int parts() const { return 1; }
};
inline constexpr int score_results = 3;

/// A chain: Σ x² or Σ |x| over rows × columns values, row after row.
struct SumJob {
  Address<const float> first;
  std::int32_t rows;
  std::int32_t columns;
  std::int32_t stride;
  std::int32_t magnitudes;  ///< 0: squares
  std::int32_t done;        ///< rows
  std::int32_t reserved;
  Address<double> result;  ///< so far

  AXIOM_HOST_DEVICE constexpr int parts() const { return rows; }
};

/// Targets of one fit: their solutions and one row of the system are in shared memory.
inline constexpr int largest_linear_probes = rows_in_shared_memory - 1;
inline constexpr int linear_probe_pivots = rows_in_shared_memory;  ///< rows of the factor at once

/// Ridge regressions from one evaluation set's activations to signs, and how many of another one's
/// samples they tell right. In four kinds of work: tiles of hᵀh, the rest of the system, panels of
/// its Cholesky factor, solutions and scores.
struct LinearProbeJob {
  Activations fit;
  Activations test;
  Address<const std::int8_t> fit_signs;   ///< samples × targets
  Address<const std::int8_t> test_signs;  ///< likewise
  std::int32_t targets;
  std::int32_t done;      ///< parts
  std::int32_t unsolved;  ///< the system is not positive definite
  std::int32_t reserved;
  Address<double> system;        ///< order() × order(), upper triangle
  Address<double> coefficients;  ///< targets × order(): right-hand sides
  Address<double> accuracies;    ///< targets

  AXIOM_HOST_DEVICE constexpr int order() const { return fit.width + 1; }
  AXIOM_HOST_DEVICE constexpr int tiles() const { return symmetric_tiles(fit.width); }
  AXIOM_HOST_DEVICE constexpr int panels() const {
    return (order() + linear_probe_pivots - 1) / linear_probe_pivots;
  }
  AXIOM_HOST_DEVICE constexpr int parts() const { return tiles() + 1 + panels() + 1; }
};
}  // namespace axiom::cuda
