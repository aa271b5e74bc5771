#include "cuda/hardware_watch.h"

#include <chrono>

#include "client/arithmetic/philox.h"
#include "client/plan/device_error.h"

namespace axiom::cuda {
namespace {

constexpr int most_in_a_row = 3;
constexpr double audit_interval = 30;  // seconds

double now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(time).count();
}

}  // namespace

bool HardwareWatch::is_sampled(const TrainingRun& run, std::uint64_t step, double share) const {
  const arithmetic::PhiloxBlock counter{{static_cast<std::uint32_t>(step),
                                         static_cast<std::uint32_t>(step >> 32), run.network,
                                         run.trial}};
  const arithmetic::PhiloxBlock words = arithmetic::philox4x32(
      counter, static_cast<std::uint32_t>(run.seed), static_cast<std::uint32_t>(run.seed >> 32));
  return static_cast<double>(words.word[0]) < share * 0x1p32;
}

bool HardwareWatch::audit_is_due() {
  const std::lock_guard lock(mutex_);
  const double time = now();
  if (time < next_audit_) return false;
  next_audit_ = time + audit_interval;
  return true;
}

void HardwareWatch::expect_audit() {
  const std::lock_guard lock(mutex_);
  next_audit_ = 0;
}

void HardwareWatch::agreed() {
  const std::lock_guard lock(mutex_);
  in_a_row_ = 0;
}

void HardwareWatch::differed(const std::string& what) {
  const std::lock_guard lock(mutex_);
  ++mismatches_;
  ++in_a_row_;
  const bool again = what == last_;
  last_ = what;
  next_audit_ = 0;
  if (!again && in_a_row_ < most_in_a_row) return;
  throw DeviceError(
      DeviceStatus::wrong_results,
      "the device computes wrong numbers: " + what + ", " +
          (again ? "the same twice" : std::to_string(in_a_row_) + " times in a row") +
          "; undo any overclocking, check cooling and power supply, update the driver, test the "
          "device's memory; until then compute with --backend avx512, avx2 or reference");
}

DeviceHealth HardwareWatch::health() const {
  return {replayed_steps_, audited_steps_, mismatches_};
}

}  // namespace axiom::cuda
