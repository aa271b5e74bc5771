#include "cuda/parameter_pool.h"

#include <algorithm>
#include <utility>

#include "client/plan/device_error.h"

namespace axiom::cuda {
namespace {

constexpr std::size_t largest_block = std::size_t{16} << 20;
constexpr std::size_t least_blocks = 16;  // so that networks of other sizes find some left

}  // namespace

ResidentParameters::~ResidentParameters() { pool_->give_back(place_); }

void ResidentParameters::hold(std::uint64_t step, bool finite, unsigned memory) {
  step_ = step;
  finite_ = finite;
  memory_ = memory;
}

bool ResidentParameters::holds(std::uint64_t step) const {
  return step_ == step && memory_ == pool_->memory();
}

std::shared_ptr<ResidentParameters> ParameterPool::take(std::size_t bytes) {
  Place place{};
  {
    const std::lock_guard lock(mutex_);
    auto& places = free_[bytes];
    if (places.empty() && !add_block(bytes)) return nullptr;
    place = places.begin()->second;
    places.erase(places.begin());
  }
  return std::make_shared<ResidentParameters>(shared_from_this(), place);
}

std::shared_ptr<ResidentParameters> ParameterPool::find(const RunState& state) const {
  auto copy = std::dynamic_pointer_cast<ResidentParameters>(state.device_copy);
  if (copy == nullptr || copy->pool() != this || !copy->holds(state.step)) return nullptr;
  return copy;
}

// Under the lock. As many places as fit into a block, one if there is not more left.
bool ParameterPool::add_block(std::size_t bytes) {
  const std::size_t left = capacity_ - held_;
  const std::size_t size = std::min({left, largest_block, capacity_ / least_blocks});
  const std::size_t count = std::max<std::size_t>(1, size / bytes);
  if (count * bytes > left) return false;
  Buffer block;
  try {
    block.reserve(count * bytes);
  } catch (const DeviceError& error) {
    if (error.status() != DeviceStatus::out_of_memory) throw;
    capacity_ = held_;  // another program has it: what is held must do
    return false;
  }
  held_ += block.bytes();
  for (std::size_t i = 0; i < count; ++i) {
    const Place place{block.address() + i * bytes, block.address(), bytes};
    free_[bytes].emplace(place.address, place);
  }
  blocks_.push_back(std::move(block));
  return true;
}

void ParameterPool::give_back(const Place& place) {
  const std::lock_guard lock(mutex_);
  free_[place.bytes].emplace(place.address, place);
}

}  // namespace axiom::cuda
