// NVIDIA's library of matrix products, if this host has it: a yardstick for the self-benchmark,
// never used for work. Loaded at run time; declared here, so that no header of it is needed.
#pragma once

#include <span>
#include <stdexcept>
#include <string>

#include "client/plan/device_yardsticks.h"
#include "cuda/resources.h"

namespace axiom::cuda {

struct CublasOpaque;
using CublasHandle = CublasOpaque*;
using CublasStatus = int;

/// Entry (member, symbol, parameters) for every function. Matrices lie in column-major order.
#define AXIOM_CUBLAS_FUNCTIONS(F)                                                              \
  F(create, cublasCreate_v2, (CublasHandle * handle))                                          \
  F(destroy, cublasDestroy_v2, (CublasHandle handle))                                          \
  F(get_version, cublasGetVersion_v2, (CublasHandle handle, int* version))                     \
  F(set_stream, cublasSetStream_v2, (CublasHandle handle, StreamHandle stream))                \
  F(sgemm, cublasSgemm_v2,                                                                     \
    (CublasHandle handle, int transpose_a, int transpose_b, int m, int n, int k,               \
     const float* alpha, const float* a, int lda, const float* b, int ldb, const float* beta,  \
     float* c, int ldc))                                                                       \
  F(sgemm_batched, cublasSgemmStridedBatched,                                                  \
    (CublasHandle handle, int transpose_a, int transpose_b, int m, int n, int k,               \
     const float* alpha, const float* a, int lda, long long stride_a, const float* b, int ldb, \
     long long stride_b, const float* beta, float* c, int ldc, long long stride_c, int count))

/// None that works, or a call that it refuses; one line.
class CublasError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The names under which it is looked for, the newest first.
std::span<const char* const> cublas_files();

/// An open library. It works in the context that is current, which must be the device's primary
/// one, as ours is (Device): the library is built on the CUDA runtime, which takes no other.
class Cublas {
 public:
  /// The first of `files` that can be loaded, has all functions and starts. CublasError: none; why
  /// not, for each. REQUIRES: Device::use().
  explicit Cublas(std::span<const char* const> files = cublas_files());
  ~Cublas();
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;

  const std::string& file() const { return file_; }
  const std::string& version() const { return version_; }  ///< "13.1.0"

  /// Queues c = a·b, `product.count` times side by side. CublasError.
  void multiply(const MatrixProduct& product, DevicePointer a, DevicePointer b, DevicePointer c,
                Stream& stream);

 private:
  /// Why it cannot be used; empty if it can.
  std::string open(const char* file);

#define AXIOM_CUBLAS_MEMBER(member, symbol, parameters) \
  CublasStatus(*member##_) parameters = nullptr;
  AXIOM_CUBLAS_FUNCTIONS(AXIOM_CUBLAS_MEMBER)
#undef AXIOM_CUBLAS_MEMBER
  CublasHandle handle_ = nullptr;
  std::string file_;
  std::string version_;
};

}  // namespace axiom::cuda
