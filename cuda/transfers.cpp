#include "cuda/transfers.h"

#include <algorithm>

namespace axiom::cuda {

std::vector<Transfer> merge_transfers(std::span<Piece> pieces) {
  std::vector<Piece*> order;
  for (Piece& piece : pieces) order.push_back(&piece);
  std::sort(order.begin(), order.end(),
            [](const Piece* a, const Piece* b) { return a->address < b->address; });
  std::vector<Transfer> transfers;
  std::size_t end = 0;
  const Piece* last = nullptr;
  for (Piece* piece : order) {
    const bool near = last != nullptr && last->block == piece->block &&
                      piece->address - (last->address + last->bytes) <= piece->bytes;
    if (!near) transfers.push_back({piece->address, end, 0});
    Transfer& transfer = transfers.back();
    piece->place = transfer.place + (piece->address - transfer.address);
    transfer.bytes = piece->place + piece->bytes - transfer.place;
    end = transfer.place + transfer.bytes;
    last = piece;
  }
  return transfers;
}

}  // namespace axiom::cuda
