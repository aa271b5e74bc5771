#include "cuda/cublas.h"

#include <dlfcn.h>

#include <array>
#include <bit>

namespace axiom::cuda {
namespace {

std::string readable_status(CublasStatus status) {
  const char* name = status == 1    ? " (not initialized)"
                     : status == 3  ? " (out of memory)"
                     : status == 7  ? " (invalid value)"
                     : status == 8  ? " (device not supported)"
                     : status == 13 ? " (execution failed)"
                     : status == 14 ? " (internal error)"
                     : status == 15 ? " (not supported)"
                                    : "";
  return "status " + std::to_string(status) + name;
}

// What dlopen() says, without the name where it has it.
std::string why_not_loaded(const std::string& file) {
  const char* text = dlerror();
  const std::string error = text == nullptr ? "cannot be loaded" : text;
  if (!error.starts_with(file + ": ")) return file + ": " + error;
  const bool missing = error.find("No such file") != std::string::npos;
  return missing ? "no " + file : error;
}

template <class Function>
bool find(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
  return function != nullptr;
}

std::string readable_library_version(int version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

std::span<const char* const> cublas_files() {
  static constexpr std::array files = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"};
  return files;
}

Cublas::Cublas(std::span<const char* const> files) {
  std::string reasons;
  for (const char* file : files) {
    const std::string reason = open(file);
    if (reason.empty()) return;
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  throw CublasError(reasons);
}

std::string Cublas::open(const char* file) {
  // Never unloaded: what it has registered with the driver and with exit() would be gone.
  void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return why_not_loaded(file);
#define AXIOM_CUBLAS_FIND(member, symbol, parameters) \
  if (!find(library, #symbol, member##_)) return std::string(file) + " lacks " #symbol;
  AXIOM_CUBLAS_FUNCTIONS(AXIOM_CUBLAS_FIND)
#undef AXIOM_CUBLAS_FIND
  if (const CublasStatus status = create_(&handle_); status != 0) {
    handle_ = nullptr;
    return std::string(file) + " does not start: " + readable_status(status);
  }
  file_ = file;
  int version = 0;
  version_ = get_version_(handle_, &version) == 0 ? readable_library_version(version) : "unknown";
  return "";
}

Cublas::~Cublas() { destroy_(handle_); }

void Cublas::multiply(const MatrixProduct& p, DevicePointer a, DevicePointer b, DevicePointer c,
                      Stream& stream) {
  constexpr int as_it_is = 0;  // CUBLAS_OP_N
  const float one = 1.0f;
  const float zero = 0.0f;
  const auto pointer = [](DevicePointer at) { return std::bit_cast<float*>(at); };
  CublasStatus status = set_stream_(handle_, stream.handle());
  if (status == 0 && p.count == 1) {
    status = sgemm_(handle_, as_it_is, as_it_is, p.m, p.n, p.k, &one, pointer(a), p.m, pointer(b),
                    p.k, &zero, pointer(c), p.m);
  } else if (status == 0) {
    const auto area = [](int rows, int columns) { return static_cast<long long>(rows) * columns; };
    status = sgemm_batched_(handle_, as_it_is, as_it_is, p.m, p.n, p.k, &one, pointer(a), p.m,
                            area(p.m, p.k), pointer(b), p.k, area(p.k, p.n), &zero, pointer(c), p.m,
                            area(p.m, p.n), p.count);
  }
  if (status != 0) {
    throw CublasError("a product of " + std::to_string(p.m) + " x " + std::to_string(p.k) + " by " +
                      std::to_string(p.k) + " x " + std::to_string(p.n) +
                      " failed: " + readable_status(status));
  }
}

}  // namespace axiom::cuda
