// What can be wrong with a device that computes.
#pragma once

#include <stdexcept>
#include <string>

namespace axiom {

enum class DeviceStatus {
  no_driver,
  driver_too_old,
  no_device,
  unsupported,    ///< architecture for which the program has no kernels
  out_of_memory,  ///< of the device
  lost,           ///< failed while at work, and cannot be used any further
  wrong_results,  ///< computes other numbers than it must
};

/// One line: what happened, with which value, what to do.
class DeviceError : public std::runtime_error {
 public:
  DeviceError(DeviceStatus status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  DeviceStatus status() const { return status_; }

 private:
  DeviceStatus status_;
};

}  // namespace axiom
