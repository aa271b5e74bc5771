// What the emulated cuBLAS asks of the emulated driver, and what the device that runs PTX is told.
#pragma once

#include <cstddef>

#include "cuda/driver_api.h"

namespace axiom::cuda {

/// Told of what happens to the device's memory.
class DeviceObserver {
 public:
  virtual ~DeviceObserver() = default;
  virtual void allocated(DevicePointer pointer, std::size_t bytes) = 0;
  virtual void freed(DevicePointer pointer) = 0;
  /// By the host.
  virtual void written(DevicePointer pointer, std::size_t bytes) = 0;
  virtual void copied(DevicePointer to, DevicePointer from, std::size_t bytes) = 0;
  virtual void launched(int blocks, int threads, std::size_t shared_bytes) = 0;
  /// Whether this PTX is what the device's kernels were made from.
  virtual bool accepts(const char* image) const = 0;
};

/// Null: nobody is told.
extern DeviceObserver* device_observer;

}  // namespace axiom::cuda

extern "C" {
/// Whether the calling thread has made a device's context current.
bool axiom_emulated_context();
/// Whether these bytes lie within one block of device memory.
bool axiom_emulated_memory(axiom::cuda::DevicePointer pointer, std::size_t bytes);
}
