// What is held on a device, given back when its owner ends.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "cuda/driver.h"

namespace axiom::cuda {

/// Device memory. Grows when asked for more; its contents are lost then. Filled with NaNs at first:
/// kernels read whole quads, also where a row's padding ends it, and what should not have been read
/// shows.
class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : pointer_(std::exchange(other.pointer_, 0)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(pointer_, other.pointer_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  /// DeviceError if the device has no such block.
  void reserve(std::size_t bytes) {
    if (bytes <= bytes_) return;
    release();
    driver().check(driver().allocate(&pointer_, bytes),
                   "allocating " + std::to_string(bytes) + " bytes of device memory");
    bytes_ = bytes;
    constexpr unsigned char nan_byte = 0xff;
    driver().check(driver().fill_bytes(pointer_, nan_byte, bytes, nullptr),
                   "filling device memory");
    driver().check(driver().stream_synchronize(nullptr), "filling device memory");
  }
  DevicePointer address() const { return pointer_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void release() {
    if (pointer_ != 0) driver().free(pointer_);  // nothing can be done about a failure here
    pointer_ = 0;
    bytes_ = 0;
  }

  DevicePointer pointer_ = 0;
  std::size_t bytes_ = 0;
};

/// Memory of the host that the device reads and writes by itself, without the processor's help.
/// Grows when asked for more; its contents are lost then.
class StagingBuffer {
 public:
  StagingBuffer() = default;
  ~StagingBuffer() { release(); }
  StagingBuffer(const StagingBuffer&) = delete;
  StagingBuffer& operator=(const StagingBuffer&) = delete;

  /// DeviceError if the host has no such memory.
  void reserve(std::size_t floats) {
    if (floats <= floats_) return;
    floats = std::max(floats, floats_ + floats_ / 4);  // each time costs: pages are locked
    release();
    const std::size_t bytes = floats * sizeof(float);
    const std::string what =
        "locking " + std::to_string(bytes) + " bytes of the computer's memory for copies";
    const Result result = driver().allocate_on_host(&pointer_, bytes, 0);
    if (result == out_of_memory) {
      const std::string error = what + " failed: " + driver().describe(result);
      throw DeviceError(DeviceStatus::out_of_memory,
                        error + "; close other programs, or use fewer --threads");
    }
    driver().check(result, what);
    floats_ = floats;
  }
  float* data() { return static_cast<float*>(pointer_); }
  const float* data() const { return static_cast<const float*>(pointer_); }

 private:
  void release() {
    if (pointer_ != nullptr) driver().free_on_host(pointer_);
    pointer_ = nullptr;
    floats_ = 0;
  }

  void* pointer_ = nullptr;
  std::size_t floats_ = 0;
};

/// Between host and devices, both ways, since the program began.
inline std::atomic<std::uint64_t> copied_bytes{0};

/// A queue of work, in order.
class Stream {
 public:
  Stream() { driver().check(driver().stream_create(&handle_, stream_non_blocking), "stream"); }
  ~Stream() { driver().stream_destroy(handle_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  StreamHandle handle() const { return handle_; }
  /// `from` is copied at once or kept until wait().
  void upload(DevicePointer to, const void* from, std::size_t bytes) {
    driver().check(driver().copy_to_device(to, from, bytes, handle_), "copying to the device");
    copied_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  /// `to` is a StagingBuffer's, and complete after wait().
  void download(void* to, DevicePointer from, std::size_t bytes) {
    driver().check(driver().copy_to_host(to, from, bytes, handle_), "copying from the device");
    copied_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  /// To any memory, once all that was queued before is done. A copy to such memory may wait for
  /// that itself, by polling, whatever the context's flags: the thread has to sleep first.
  void read_back(void* to, DevicePointer from, std::size_t bytes) {
    wait();
    download(to, from, bytes);
    wait();
  }
  void copy(DevicePointer to, DevicePointer from, std::size_t bytes) {
    driver().check(driver().copy_on_device(to, from, bytes, handle_), "copying on the device");
  }
  void zero(DevicePointer to, std::size_t bytes) {
    driver().check(driver().fill_bytes(to, 0, bytes, handle_), "clearing device memory");
  }
  /// Until all is done; the thread sleeps. DeviceError: what failed since the last call.
  void wait() { driver().check(driver().stream_synchronize(handle_), "computing on the device"); }

 private:
  StreamHandle handle_ = nullptr;
};

}  // namespace axiom::cuda
