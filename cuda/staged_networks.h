// Parameters of the networks of an evaluation: those that are on the device already, and those that
// have to be brought there.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "client/plan/backend.h"
#include "cuda/parameter_pool.h"
#include "cuda/resources.h"

namespace axiom::cuda {

class StagedNetworks {
 public:
  /// Packs what is not in `pool`; without one, all. `staging` is kept until upload() is through.
  StagedNetworks(std::span<const EvaluationTask> tasks, const ParameterPool* pool,
                 StagingBuffer& staging);

  /// Of device memory.
  std::size_t bytes() const { return bytes_; }
  /// Where these bytes are.
  void place(DevicePointer base) { base_ = base; }
  /// Of the parameters of task number i.
  DevicePointer address(std::size_t i) const {
    const Network& network = networks_[i];
    return network.resident != nullptr ? network.resident->place().address : base_ + network.offset;
  }
  void upload(Stream& stream) const;

 private:
  struct Network {
    std::shared_ptr<const ResidentParameters> resident;
    std::size_t offset;  ///< of what is packed, in bytes
  };

  StagingBuffer& staging_;
  std::vector<Network> networks_;
  std::size_t bytes_ = 0;
  DevicePointer base_ = 0;
};

}  // namespace axiom::cuda
