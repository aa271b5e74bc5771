#include "tests/cuda_emulation/stream_queue.h"

#include <algorithm>

namespace axiom::cuda {

StreamHandle StreamQueue::create() {
  const auto stream = reinterpret_cast<StreamHandle>(++created_);
  queues_[stream];
  return stream;
}

void StreamQueue::destroy(StreamHandle stream) {
  finish(stream);
  queues_.erase(stream);
}

bool StreamQueue::computes(StreamHandle stream) const {
  const auto queue = queues_.find(stream);
  return queue != queues_.end() && std::any_of(queue->second.begin(), queue->second.end(),
                                               [](const Item& item) { return item.launch; });
}

bool StreamQueue::any_computes() const {
  return std::any_of(queues_.begin(), queues_.end(),
                     [this](const auto& queue) { return computes(queue.first); });
}

void StreamQueue::finish(StreamHandle stream) {
  for (auto& queue = queues_[stream]; !queue.empty(); queue.pop_front()) queue.front().work();
}

void StreamQueue::finish_all() {
  for (auto& [stream, queue] : queues_) finish(stream);
}

}  // namespace axiom::cuda
