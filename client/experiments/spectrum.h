// Rank measures of a matrix of activations, from its singular values.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"

namespace axiom {

/// All are 0 for an all-zero matrix.
struct RankMeasures {
  double effective_rank;  ///< exp(−Σ p ln p), p = σ/Σσ, p < 1e-12 dropped (Roy, Vetterli 2007)
  double stable_rank;     ///< Σσ² / σ_max²
  double participation_ratio;  ///< (Σσ²)² / Σσ⁴
  double top1_share;           ///< share of Σσ² in the largest 1, 5, 10
  double top5_share;
  double top10_share;
};

/// σ² of the rows × columns matrix h (row-major), descending, min(rows, columns) of them: the
/// eigenvalues of hᵀh, or of hhᵀ if that is smaller; negative ones (rounding) are set to 0.
std::vector<double> squared_singular_values(std::span<const float> h, int rows, int columns,
                                            const MatrixOps& matrix_ops);
/// Likewise, of each requested layer of the evaluation set, all of one width: as the backend gave
/// them, or computed of the activations (ActivationUse::spectra), the eigenvalues of two layers at
/// a time.
std::vector<std::vector<double>> squared_singular_values(const Evaluation& set, int rows,
                                                         int columns, const MatrixOps& matrix_ops);
/// Bytes that squared_singular_values() holds at most.
std::size_t singular_values_bytes(int rows, int columns);

/// `squared`: σ² in descending order, none negative.
RankMeasures rank_measures(std::span<const double> squared);

}  // namespace axiom
