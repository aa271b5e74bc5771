// libcublas.so for tests: checks what it is given and computes nothing. With
// AXIOM_EMULATED_OLD_CUBLAS it lacks a function, as a library that is too old does.
//
// Environment: AXIOM_EMULATED_CUBLAS_FAULT = create (it does not start) or product (all are
// refused), AXIOM_EMULATED_TRACE (calls are counted on standard error at the end).
#include <cstdio>
#include <cstdlib>
#include <string>

#include "cuda/cublas.h"
#include "tests/cuda_emulation/driver.h"

namespace {

using axiom::cuda::CublasHandle;
using axiom::cuda::CublasStatus;
using axiom::cuda::StreamHandle;

constexpr CublasStatus success = 0;
constexpr CublasStatus not_initialized = 1;
constexpr CublasStatus invalid_value = 7;
constexpr CublasStatus execution_failed = 13;

struct Library {
  StreamHandle stream = nullptr;
  int handles = 0;
  int squares = 0;
  int batches = 0;
};
Library library;

bool fault_is(const std::string& wanted) {
  const char* fault = std::getenv("AXIOM_EMULATED_CUBLAS_FAULT");
  return fault != nullptr && wanted == fault;
}

struct Operand {
  const float* values;
  int rows;
  int columns;
  int leading;
  long long stride;

  bool lies_in_memory(int count) const {
    if (rows <= 0 || columns <= 0 || leading < rows) return false;
    const long long one = static_cast<long long>(leading) * (columns - 1) + rows;
    if (count > 1 && stride < one) return false;
    const auto bytes = static_cast<std::size_t>(stride * (count - 1) + one) * sizeof(float);
    return axiom_emulated_memory(reinterpret_cast<axiom::cuda::DevicePointer>(values), bytes);
  }
};

CublasStatus multiply(CublasHandle handle, int count, const Operand& a, const Operand& b,
                      const Operand& c, const float* alpha, const float* beta) {
  if (handle == nullptr || !axiom_emulated_context()) return not_initialized;
  if (library.stream == nullptr) return invalid_value;  // it would wait for other work
  if (fault_is("product")) return execution_failed;
  const bool valid = count > 0 && *alpha == 1.0f && *beta == 0.0f && a.rows == c.rows &&
                     a.columns == b.rows && b.columns == c.columns && a.lies_in_memory(count) &&
                     b.lies_in_memory(count) && c.lies_in_memory(count);
  return valid ? success : invalid_value;
}

}  // namespace

extern "C" {

CublasStatus cublasCreate_v2(CublasHandle* handle) {
  if (fault_is("create") || !axiom_emulated_context()) return not_initialized;
  ++library.handles;
  *handle = reinterpret_cast<CublasHandle>(&library);
  return success;
}

CublasStatus cublasDestroy_v2(CublasHandle handle) {
  if (handle == nullptr) return not_initialized;
  --library.handles;
  if (std::getenv("AXIOM_EMULATED_TRACE") != nullptr) {
    std::fprintf(stderr, "emulated cuBLAS: %d squares, %d batches, %d handles left\n",
                 library.squares, library.batches, library.handles);
  }
  return success;
}

CublasStatus cublasGetVersion_v2(CublasHandle, int* version) {
  *version = 130102;
  return success;
}

CublasStatus cublasSetStream_v2(CublasHandle, StreamHandle stream) {
  library.stream = stream;
  return success;
}

CublasStatus cublasSgemm_v2(CublasHandle handle, int, int, int m, int n, int k, const float* alpha,
                            const float* a, int lda, const float* b, int ldb, const float* beta,
                            float* c, int ldc) {
  ++library.squares;
  return multiply(handle, 1, {a, m, k, lda, 0}, {b, k, n, ldb, 0}, {c, m, n, ldc, 0}, alpha, beta);
}

#ifndef AXIOM_EMULATED_OLD_CUBLAS
CublasStatus cublasSgemmStridedBatched(CublasHandle handle, int, int, int m, int n, int k,
                                       const float* alpha, const float* a, int lda,
                                       long long stride_a, const float* b, int ldb,
                                       long long stride_b, const float* beta, float* c, int ldc,
                                       long long stride_c, int count) {
  ++library.batches;
  return multiply(handle, count, {a, m, k, lda, stride_a}, {b, k, n, ldb, stride_b},
                  {c, m, n, ldc, stride_c}, alpha, beta);
}
#endif

}  // extern "C"
