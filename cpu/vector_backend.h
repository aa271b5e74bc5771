// A backend made of a kernel table and the question whether this host can run it.
#pragma once

#include <string>

#include "client/plan/backend.h"
#include "cpu/peak.h"
#include "cpu/vector_executor.h"

namespace axiom::cpu {

/// A choice that nothing has to be measured for.
template <const ZeroSkipping& skipping>
const ZeroSkipping& always() {
  return skipping;
}

class VectorBackend final : public Backend {
 public:
  VectorBackend(std::string name, const Kernels& kernels, const ZeroSkipping& (*skipping)(),
                std::string (*unavailable)())
      : name_(std::move(name)), kernels_(kernels), skipping_(skipping), unavailable_(unavailable) {}

  std::string name() const override { return name_; }
  std::string unavailable_reason() const override { return unavailable_(); }
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<VectorExecutor>(kernels_, skipping_());
  }
  std::size_t executor_bytes(const TrainingRun& run) const override {
    return VectorExecutor::bytes(kernels_, skipping_(), run);
  }
  const MatrixOps& matrix_ops() const override { return kernels_.matrix_ops; }
  double measured_peak() const override { return measure_peak(kernels_.fma_chain, 200000); }

 private:
  std::string name_;
  const Kernels& kernels_;
  const ZeroSkipping& (*skipping_)();  ///< asked when it is needed: it may have to be measured
  std::string (*unavailable_)();
};

}  // namespace axiom::cpu
