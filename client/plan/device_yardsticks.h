// What a device does at most, for the self-benchmark to compare with. No result depends on it.
#pragma once

#include <cstddef>
#include <string>

namespace axiom {

/// `count` products of an m×k and a k×n matrix each, in single precision.
struct MatrixProduct {
  int m = 0;
  int n = 0;
  int k = 0;
  int count = 1;

  double flops() const { return 2.0 * m * n * k * count; }
};

/// Owns what it needs on the device. Belongs to one thread. DeviceError: the device fails.
class DeviceYardsticks {
 public:
  virtual ~DeviceYardsticks() = default;

  /// Of each of the two arrays that copy_rate() uses; adapted to the memory that is free.
  virtual std::size_t array_bytes() const = 0;
  /// Bytes per second, read and written, of copies within the device's memory that take some
  /// milliseconds together. DeviceError (out_of_memory): too little is free.
  virtual double copy_rate() = 0;

  /// The vendor's library of matrix products, as it is found: file and version. Both empty if there
  /// is none that works, and why.
  struct Library {
    std::string file;
    std::string version;
    std::string unavailable;
  };
  virtual Library open_library() = 0;
  /// `product` with a smaller count, or a smaller square, if need be, so that it fits into the
  /// memory that may be used. DeviceError (out_of_memory): not even the smallest does.
  virtual MatrixProduct fitting(MatrixProduct product) const = 0;
  /// FLOP/s of that library. A sample takes some milliseconds. std::runtime_error: it refuses.
  /// REQUIRES: open_library() found one; `product` is fitting.
  virtual double product_rate(const MatrixProduct& product) = 0;
};

}  // namespace axiom
