#include "cuda/yardsticks.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "client/arithmetic/streams.h"

namespace axiom::cuda {
namespace {

constexpr double wanted_seconds = 5e-3;  // long against a launch
constexpr std::size_t megabyte = std::size_t{1} << 20;

// Far more than the cache holds, and two of them fit.
std::size_t chosen_array(std::size_t usable, std::size_t cache) {
  const std::size_t wanted = std::max(256 * megabyte, 8 * cache);
  return std::min(wanted, usable / 2) / megabyte * megabyte;
}

std::size_t padded(std::size_t floats) { return (floats + 63) / 64 * 64; }

std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

std::size_t floats_a(const MatrixProduct& p) {
  return padded(area(p.m, p.k) * static_cast<std::size_t>(p.count));
}
std::size_t factor_floats(const MatrixProduct& p) {
  return floats_a(p) + padded(area(p.k, p.n) * static_cast<std::size_t>(p.count));
}
std::size_t product_floats(const MatrixProduct& p) {
  return padded(area(p.m, p.n) * static_cast<std::size_t>(p.count));
}
std::size_t all_bytes(const MatrixProduct& p) {
  return (factor_floats(p) + product_floats(p)) * sizeof(float);
}

// Times as many calls in a row as take long enough; the seconds of one.
template <class Call>
double seconds_of(Stream& stream, Call call) {
  for (int calls = 1;; calls *= 2) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call();
    stream.wait();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (time.count() >= wanted_seconds || calls >= (1 << 16)) return time.count() / calls;
  }
}

}  // namespace

CudaYardsticks::CudaYardsticks(std::shared_ptr<const Device> device, std::size_t usable_bytes)
    : device_(std::move(device)),
      usable_bytes_(usable_bytes),
      array_bytes_(chosen_array(usable_bytes, device_->facts().cache_bytes)) {}

// A million normals, again and again.
void CudaYardsticks::fill(const Buffer& buffer) {
  std::vector<float> normals(std::min(buffer.bytes() / sizeof(float), megabyte));
  arithmetic::fill_normal({1, 0, 0, arithmetic::Purpose::features, 0}, normals.data(),
                          normals.size());
  std::size_t done = normals.size() * sizeof(float);
  stream_.upload(buffer.address(), normals.data(), done);
  while (done < buffer.bytes()) {
    const std::size_t part = std::min(done, buffer.bytes() - done);
    stream_.copy(buffer.address() + done, buffer.address(), part);
    done += part;
  }
  stream_.wait();
}

double CudaYardsticks::copy_rate() {
  if (array_bytes_ == 0) {
    throw DeviceError(DeviceStatus::out_of_memory,
                      "too little device memory is free: " + std::to_string(usable_bytes_) +
                          " bytes may be used");
  }
  if (to_.bytes() == 0) {
    from_.reserve(array_bytes_);
    to_.reserve(array_bytes_);
    fill(from_);
    stream_.copy(to_.address(), from_.address(), array_bytes_);
    stream_.wait();
  }
  const double seconds =
      seconds_of(stream_, [&] { stream_.copy(to_.address(), from_.address(), array_bytes_); });
  return 2.0 * static_cast<double>(array_bytes_) / seconds;
}

DeviceYardsticks::Library CudaYardsticks::open_library() {
  from_ = Buffer();  // the products need the room
  to_ = Buffer();
  try {
    cublas_.emplace();
    return {cublas_->file(), cublas_->version(), ""};
  } catch (const CublasError& error) {
    return {"", "", error.what()};
  }
}

MatrixProduct CudaYardsticks::fitting(MatrixProduct product) const {
  const auto fits = [&] { return all_bytes(product) <= usable_bytes_; };
  while (!fits() && product.count > 1) product.count /= 2;
  while (!fits() && product.m == product.n && product.n == product.k && product.m > 256) {
    product.m = product.n = product.k = product.m / 2;
  }
  if (!fits()) {
    throw DeviceError(DeviceStatus::out_of_memory,
                      "too little device memory is free: a product needs " +
                          std::to_string(all_bytes(product)) + " bytes, " +
                          std::to_string(usable_bytes_) + " may be used");
  }
  return product;
}

double CudaYardsticks::product_rate(const MatrixProduct& product) {
  const std::size_t factors = factor_floats(product) * sizeof(float);
  const std::size_t products = product_floats(product) * sizeof(float);
  if (std::max(factors_.bytes(), factors) + std::max(products_.bytes(), products) > usable_bytes_) {
    factors_ = Buffer();
    products_ = Buffer();
  }
  if (factors_.bytes() < factors) {
    factors_.reserve(factors);
    fill(factors_);
  }
  products_.reserve(products);
  const DevicePointer a = factors_.address();
  const DevicePointer b = a + floats_a(product) * sizeof(float);
  const auto multiply = [&] { cublas_->multiply(product, a, b, products_.address(), stream_); };
  multiply();  // loads the kernel
  stream_.wait();
  return product.flops() / seconds_of(stream_, multiply);
}

}  // namespace axiom::cuda
