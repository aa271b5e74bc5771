// What is finished of a long run, on its way before the end.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "client/command_line.h"
#include "client/commands/console.h"
#include "client/upload/outbox.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

/// How a work unit is cut into parts, whatever happens on the way: consecutive seeds, equally many
/// in each but the last, at most maximum_parts. A part is the result of a work unit of these seeds.
struct PartLayout {
  static constexpr std::size_t maximum_parts = 100;

  explicit PartLayout(std::size_t seed_count);

  std::size_t seeds;
  std::size_t seeds_per_part;
  std::size_t parts;

  std::size_t part_of(std::size_t seed) const { return seed / seeds_per_part; }
  std::size_t first(std::size_t part) const { return part * seeds_per_part; }
  std::size_t size(std::size_t part) const;
};

/// Queues and sends the parts of a run in a thread of its own. Nothing that happens there stops or
/// delays the run, but for its end, which waits a second at most for a transfer to be given up. All
/// failures are warnings: what is not queued is in the result, and what is queued is sent later.
class IntermediateUploads {
 public:
  /// Does nothing at all without --upload-intermediate, or if the work unit has one part only. All
  /// references outlive this. REQUIRES: --out is locked by this process; until finish() nobody else
  /// uses its outbox.
  IntermediateUploads(const CommandLine& line, const WorkUnit& work, const Checkpoint& state,
                      Console& console);
  ~IntermediateUploads();
  IntermediateUploads(const IntermediateUploads&) = delete;
  IntermediateUploads& operator=(const IntermediateUploads&) = delete;

  /// The state of this seed (its index in the work unit) does not change any more.
  void seed_done(std::size_t seed);
  /// Asks the thread to end; finish() waits for it.
  void request_stop();
  void finish();
  /// Those that have computed a part of the state from now on.
  void devices_are(std::vector<std::string> devices);
  /// After a device that computes wrong numbers: finish(), and what still waits is set aside if the
  /// device may have computed a part of it. What was sent before cannot be called back.
  void distrust(const std::string& device, const std::string& reason);

 private:
  void work();
  void queue_finished_parts(Outbox& outbox);
  void queue(Outbox& outbox, std::size_t part);
  /// Returns the seconds until the next time.
  double send(Outbox& outbox);
  std::vector<QueuedObject> waiting(Outbox& outbox);
  int stop() const;
  bool stopping() const;

  const CommandLine& line_;
  const WorkUnit& work_;
  const Checkpoint& state_;
  Console& console_;
  const std::string work_digest_;
  const PartLayout layout_;

  // Of the thread.
  std::vector<std::size_t> unqueued_;
  std::uint64_t waiting_bytes_ = 0;
  std::size_t waiting_parts_ = 0;
  int failures_ = 0;
  bool room_missing_ = false;
  bool disk_failed_ = false;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wakes_;
  std::vector<std::size_t> seeds_left_;  // by part
  std::vector<bool> seed_is_done_;
  std::vector<std::size_t> finished_parts_;  // not yet taken by the thread
  std::vector<std::string> devices_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace axiom
