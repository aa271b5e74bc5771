// Linear centred kernel alignment (Kornblith, Norouzi, Lee, Hinton, ICML 2019).
#pragma once

#include <cstddef>
#include <span>

#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"

namespace axiom {

/// Linear CKA of all pairs of `count` activation matrices, each samples × width (row-major), with
/// columns centred: ‖AᵀB‖_F² / (‖AᵀA‖_F ‖BᵀB‖_F), 0 if a denominator is 0. `pairs` has
/// count·(count − 1)/2 entries: (0,1), (0,2), …, (1,2), ….
///
/// Where count · width > samples, all norms come from sample-space Gram matrices,
/// ‖AᵀB‖_F² = ⟨AAᵀ, BBᵀ⟩, else from the width × width products: the cheaper way, a function of
/// sizes.
void pairwise_cka(std::span<const float* const> activations, int samples, int width,
                  const MatrixOps& matrix_ops, std::span<double> pairs);

/// Likewise, of the evaluation sets' requested layer number `layer`: from inner products that the
/// backend gave, or from the activations (ActivationUse::inner_products).
void pairwise_cka(std::span<const Evaluation* const> networks, std::size_t layer, int samples,
                  int width, const MatrixOps& matrix_ops, std::span<double> pairs);

/// Bytes that pairwise_cka() holds at most.
std::size_t pairwise_cka_bytes(std::size_t count, int samples, int width);

}  // namespace axiom
