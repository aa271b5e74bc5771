// Parameters of networks that stay on the device from one piece of work to the next, so that they
// need not be copied there each time. The host's are what counts: what finds no place here, or was
// dropped, is copied again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "client/plan/training_run.h"
#include "cuda/resources.h"

namespace axiom::cuda {

class ParameterPool;

/// A part of a block of device memory.
struct Place {
  DevicePointer address;
  DevicePointer block;
  std::size_t bytes;
};

/// One network's place. Given back when the last one who holds it ends.
class ResidentParameters final : public DeviceCopy {
 public:
  ResidentParameters(std::shared_ptr<ParameterPool> pool, const Place& place)
      : place_(place), pool_(std::move(pool)) {}
  ~ResidentParameters() override;
  ResidentParameters(const ResidentParameters&) = delete;
  ResidentParameters& operator=(const ResidentParameters&) = delete;

  const Place& place() const { return place_; }
  const ParameterPool* pool() const { return pool_.get(); }

  /// What is there belongs to a state of that step, unless the pool has forgotten what it held
  /// since it said `memory`.
  void hold(std::uint64_t step, bool finite, unsigned memory);
  /// It belongs to none.
  void hold_nothing() { step_ = no_step; }
  bool holds(std::uint64_t step) const;
  bool finite() const { return finite_; }  ///< all of them

 private:
  static constexpr std::uint64_t no_step = ~std::uint64_t{0};

  const Place place_;
  const std::shared_ptr<ParameterPool> pool_;
  std::uint64_t step_ = no_step;
  unsigned memory_ = 0;
  bool finite_ = false;
};

/// Shared by the executors of a device; thread-safe.
class ParameterPool : public std::enable_shared_from_this<ParameterPool> {
 public:
  /// Holds at most `capacity` bytes of device memory; takes them as they are asked for.
  explicit ParameterPool(std::size_t capacity) : capacity_(capacity) {}

  /// A place of so many bytes (a multiple of the alignment); null if there is none.
  std::shared_ptr<ResidentParameters> take(std::size_t bytes);
  /// The copy that a state has here, if it is of the state's step; else null.
  std::shared_ptr<ResidentParameters> find(const RunState& state) const;
  /// Nothing that is in a place now is there any more.
  void forget() { ++memory_; }
  unsigned memory() const { return memory_; }

 private:
  friend class ResidentParameters;
  bool add_block(std::size_t bytes);
  void give_back(const Place& place);

  std::atomic<unsigned> memory_{0};  ///< how often it was lost
  std::mutex mutex_;
  std::size_t capacity_;
  std::size_t held_ = 0;
  std::vector<Buffer> blocks_;
  /// By size and address: neighbours are handed out one after the other, which makes copies fewer.
  std::map<std::size_t, std::map<DevicePointer, Place>> free_;
};

}  // namespace axiom::cuda
