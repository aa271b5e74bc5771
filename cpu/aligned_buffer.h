// Zeroed memory aligned to 64 bytes, the largest vector and a cache line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace axiom::cpu {

/// Owns zeroed, aligned memory; grows when asked, shrinks only to nothing. Contents are lost on
/// growth.
class AlignedBuffer {
 public:
  static constexpr std::size_t alignment = 64;

  /// At least so many bytes; their contents are unspecified.
  void* reserve(std::size_t bytes) {
    if (bytes > size_) {
      size_ = 0;
      data_ = nullptr;  // first, so that the two are not held at once
      data_ =
          Memory(static_cast<unsigned char*>(::operator new (bytes, std::align_val_t{alignment})));
      size_ = bytes;
    }
    return data_.get();
  }

  /// At least so many zero bytes.
  void* zeroed(std::size_t bytes) {
    void* memory = reserve(bytes);
    if (bytes > 0) std::memset(memory, 0, bytes);
    return memory;
  }

  void release() {
    data_ = nullptr;
    size_ = 0;
  }

 private:
  struct Free {
    void operator()(unsigned char* p) const { ::operator delete (p, std::align_val_t{alignment}); }
  };
  using Memory = std::unique_ptr<unsigned char, Free>;
  Memory data_;
  std::size_t size_ = 0;
};

}  // namespace axiom::cpu
