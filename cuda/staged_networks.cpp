#include "cuda/staged_networks.h"

#include "cuda/packing.h"

namespace axiom::cuda {

StagedNetworks::StagedNetworks(std::span<const EvaluationTask> tasks, const ParameterPool* pool,
                               StagingBuffer& staging)
    : staging_(staging) {
  for (const EvaluationTask& task : tasks) {
    Network network{pool != nullptr ? pool->find(*task.state) : nullptr, bytes_};
    if (network.resident == nullptr) bytes_ += parameter_bytes(task.run->shape);
    networks_.push_back(std::move(network));
  }
  staging_.reserve(bytes_ / sizeof(float));
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    if (networks_[i].resident != nullptr) continue;
    pack_parameters(tasks[i].run->shape, tasks[i].state->parameters,
                    staging_.data() + networks_[i].offset / sizeof(float));
  }
}

void StagedNetworks::upload(Stream& stream) const {
  if (bytes_ > 0) stream.upload(base_, staging_.data(), bytes_);
}

}  // namespace axiom::cuda
