// Work of the emulated device's streams. It is done as late as a real device may do it: when the
// host waits for it. What the host reads too early is not there yet, and what it changes or frees
// too early is what the device gets.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "cuda/driver_api.h"

namespace axiom::cuda {

class StreamQueue {
 public:
  StreamHandle create();
  /// Null is the default stream, which is always there.
  bool has(StreamHandle stream) const { return stream == nullptr || queues_.contains(stream); }
  void destroy(StreamHandle stream);

  /// REQUIRES: has(stream).
  void copy(StreamHandle stream, std::function<void()> work) {
    add(stream, {std::move(work), false});
  }
  void launch(StreamHandle stream, std::function<void()> work) {
    add(stream, {std::move(work), true});
  }
  /// Whether a launch is among what it has to do.
  bool computes(StreamHandle stream) const;
  bool any_computes() const;
  void finish(StreamHandle stream);
  void finish_all();

 private:
  struct Item {
    std::function<void()> work;
    bool launch;
  };
  void add(StreamHandle stream, Item item) { queues_[stream].push_back(std::move(item)); }

  std::map<StreamHandle, std::deque<Item>> queues_;
  std::uintptr_t created_ = 0;
};

}  // namespace axiom::cuda
