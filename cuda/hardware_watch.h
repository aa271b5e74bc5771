// Does the device compute what it must? A share of all work is done twice and compared bit for bit,
// now and then against the processor; what differs is thrown away and done again.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "client/plan/backend.h"

namespace axiom::cuda {

/// What the watch knows about one device. Thread-safe.
class HardwareWatch {
 public:
  /// `processor` computes the same on the processor. It outlives the watch.
  explicit HardwareWatch(const Backend& processor) : processor_(processor) {}

  /// Whether these steps (or this evaluation) are among the share to be done twice: a function of
  /// the network and its step alone.
  bool is_sampled(const TrainingRun& run, std::uint64_t step, double share) const;
  /// Whether it is time to compare with the processor; then not again for a while.
  bool audit_is_due();
  /// The next audit is due at once.
  void expect_audit();
  const Backend& processor() const { return processor_; }

  void count_replayed(std::uint64_t steps) { replayed_steps_ += steps; }
  void count_audited(std::uint64_t steps) { audited_steps_ += steps; }
  /// What was done twice agreed.
  void agreed();
  /// It did not; `what` says where and how, so that the same mismatch is known again. DeviceError
  /// (wrong_results): the same twice, or three in a row.
  void differed(const std::string& what);

  DeviceHealth health() const;

 private:
  const Backend& processor_;
  std::atomic<std::uint64_t> replayed_steps_{0};
  std::atomic<std::uint64_t> audited_steps_{0};
  std::atomic<std::uint64_t> mismatches_{0};
  std::mutex mutex_;  // guards the rest
  int in_a_row_ = 0;
  std::string last_;
  double next_audit_ = 0;
};

}  // namespace axiom::cuda
