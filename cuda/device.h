// One GPU: what it is, and its kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "cuda/driver.h"

namespace axiom::cuda {

/// Facts about a device, known without a context on it.
struct DeviceFacts {
  int ordinal = 0;
  std::string name;
  std::string uuid;    ///< "GPU-…" as NVIDIA's tools print it
  int capability = 0;  ///< 10 · major + minor
  int multiprocessors = 0;
  int clock_khz = 0;
  std::size_t memory_bytes = 0;
  std::size_t shared_bytes = 0;  ///< that a block may have
  std::size_t cache_bytes = 0;   ///< of the cache before its memory (L2)
  bool cooperative = false;
  bool prohibited = false;  ///< by its compute mode: nobody may compute on it
  int driver_version = 0;

  /// "NVIDIA GeForce GTX 1050 (compute capability 6.1, 2.0 GiB), driver for CUDA 12.2".
  std::string describe() const;
};

/// Devices that the driver shows. DeviceError: as driver().
int device_count();
/// DeviceError: as driver(); no such device.
DeviceFacts device_facts(int ordinal);
/// DeviceError: no kernels for it, its driver too old for them, or nobody may compute on it.
void require_usable(const DeviceFacts& facts);

/// A kernel and how to launch it.
struct Kernel {
  FunctionHandle function = nullptr;
  std::string name;
};

/// A device in use: its primary context, and the kernels loaded into it.
class Device {
 public:
  /// DeviceError: as device_facts() and require_usable(); cannot be opened now.
  explicit Device(int ordinal);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceFacts& facts() const { return facts_; }
  /// Makes the device that of the calling thread. To be called by every thread that uses it.
  void use() const;
  /// Bytes that are free now, of the whole device.
  std::size_t free_bytes() const;

  const Kernel& train_block() const { return train_block_; }
  const Kernel& team() const { return team_; }
  const Kernel& fma_peak() const { return fma_peak_; }
  const Kernel& spectrum() const { return spectrum_; }
  const Kernel& eigenvalues() const { return eigenvalues_; }
  const Kernel& kernels() const { return kernels_; }
  const Kernel& linear_probes() const { return linear_probes_; }
  const Kernel& correlations() const { return correlations_; }
  const Kernel& scores() const { return scores_; }
  const Kernel& sums() const { return sums_; }
  const Kernel& inner_products() const { return inner_products_; }

  /// Blocks of `kernel` that the device holds at once; the driver is asked once. DeviceError
  /// (unsupported) if it is none.
  int resident_blocks(const Kernel& kernel, int threads, std::size_t shared_bytes) const;

 private:
  void load_kernels();
  Kernel find(ModuleHandle module, const char* name, std::size_t shared_bytes) const;

  DeviceFacts facts_;
  DeviceNumber number_ = 0;
  ContextHandle context_ = nullptr;
  ModuleHandle block_module_ = nullptr;
  ModuleHandle team_module_ = nullptr;
  ModuleHandle measure_module_ = nullptr;
  Kernel train_block_;
  Kernel team_;
  Kernel fma_peak_;
  Kernel spectrum_;
  Kernel eigenvalues_;
  Kernel kernels_;  ///< of centred alignment
  Kernel inner_products_;
  Kernel linear_probes_;
  Kernel correlations_;
  Kernel scores_;
  Kernel sums_;
  mutable std::mutex mutex_;
  /// Of a multiprocessor, by kernel, threads and shared memory.
  mutable std::map<std::tuple<FunctionHandle, int, std::size_t>, int> occupancies_;
};

/// The device, opened once for the whole program. Thread-safe.
std::shared_ptr<const Device> shared_device(int ordinal);

}  // namespace axiom::cuda
