// Where the inner products ‖AᵀB‖_F² of a group's activations are computed: part of the definition,
// since the two ways round differently.
#pragma once

#include <cstddef>

namespace axiom {

/// Whether they come from the samples × samples kernels AAᵀ rather than from width × width
/// products: the cheaper way, a function of sizes.
constexpr bool in_sample_space(std::size_t networks, int samples, int width) {
  return networks * static_cast<std::size_t>(width) > static_cast<std::size_t>(samples);
}

}  // namespace axiom
