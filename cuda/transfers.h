// Copies of many pieces of device memory in few transfers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cuda/driver_api.h"

namespace axiom::cuda {

/// A piece of device memory.
struct Piece {
  DevicePointer address;
  DevicePointer block;  ///< allocation that it is a part of
  std::size_t bytes;
  std::size_t place = 0;  ///< out: where it lies in the host's copy, in bytes
};

struct Transfer {
  DevicePointer address;
  std::size_t place;
  std::size_t bytes;
};

/// Transfers that bring all pieces, in order of their addresses; what lies between two is brought
/// along where it is no more than the second. So the host's copy takes at most twice their bytes.
std::vector<Transfer> merge_transfers(std::span<Piece> pieces);

}  // namespace axiom::cuda
