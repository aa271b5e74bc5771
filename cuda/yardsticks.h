// The yardsticks of a GPU: copies within its memory, and cuBLAS.
#pragma once

#include <memory>
#include <optional>

#include "client/plan/device_yardsticks.h"
#include "cuda/cublas.h"
#include "cuda/device.h"
#include "cuda/resources.h"

namespace axiom::cuda {

class CudaYardsticks final : public DeviceYardsticks {
 public:
  /// `usable_bytes`: of device memory.
  CudaYardsticks(std::shared_ptr<const Device> device, std::size_t usable_bytes);

  std::size_t array_bytes() const override { return array_bytes_; }
  double copy_rate() override;
  Library open_library() override;
  MatrixProduct fitting(MatrixProduct product) const override;
  double product_rate(const MatrixProduct& product) override;

 private:
  /// With random numbers: with zeros a device draws less power and runs faster.
  void fill(const Buffer& buffer);

  const std::shared_ptr<const Device> device_;
  const std::size_t usable_bytes_;
  const std::size_t array_bytes_;
  Stream stream_;
  Buffer from_;
  Buffer to_;
  Buffer factors_;
  Buffer products_;
  std::optional<Cublas> cublas_;
};

}  // namespace axiom::cuda
