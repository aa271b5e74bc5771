// Checkpoints on disk: two generations, replaced in turn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "client/system/files.h"

namespace axiom {

/// The directory holds a checkpoint that is intact but not for this program and work unit.
class CheckpointMismatch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Files DIRECTORY/NAME.checkpoint.0 and .1. A save replaces the older one, so the newer one is
/// intact at any moment. With Spare::kept also .2: the last state before another device joined, to
/// go on from should that one turn out to compute wrong numbers.
class CheckpointStore {
 public:
  enum class Spare { kept, none };

  /// `files` must outlive the store.
  CheckpointStore(FileSystem& files, std::string directory, std::string name,
                  Spare spare = Spare::none);

  /// The newest intact generation, nothing if there is none. A damaged file is renamed FILE.bad,
  /// the reason is written to FILE.bad.reason.txt and appended to `notes`. CheckpointMismatch if a
  /// generation belongs to another work unit or format version; nothing is changed on disk then.
  /// IoError if no generation is usable because the disk does not answer.
  std::optional<Checkpoint> load(const std::string& work_digest, std::vector<std::string>& notes);

  /// Raises checkpoint.sequence and writes it durably. On IoError the state saved before is still
  /// there, and save() may be called again. REQUIRES: load() returned (std::logic_error otherwise).
  void save(Checkpoint& checkpoint);
  /// save() in two steps, so that the state may change again before the disk has it: the bytes, and
  /// writing those that were prepared last.
  std::string prepare(Checkpoint& checkpoint);
  void write(const std::string& bytes);

  /// `device` computes wrong numbers: sets aside like damaged ones what it may have computed a part
  /// of, in whichever session, and keeps the rest, from which a later run goes on. No save() after.
  void distrust(const std::string& device, const std::string& reason,
                std::vector<std::string>& notes);

  /// Deletes all generations; files set aside stay.
  void remove();

 private:
  struct Generation;

  std::string path(int slot) const;
  Generation examine(int slot, const std::string& work_digest);
  void set_aside(int slot, const std::string& reason, std::vector<std::string>& notes);
  bool is_free_of(int slot, const std::string& device);
  void spare_what_is_replaced();

  FileSystem& files_;
  std::string directory_;
  std::string name_;
  Spare spare_;
  bool loaded_ = false;
  int next_slot_ = 0;
  std::uint64_t sequence_ = 0;
  /// Checkpoint::devices of the two generations, and of what was prepared last.
  std::optional<std::vector<std::string>> devices_[2];
  std::vector<std::string> prepared_devices_;
};

}  // namespace axiom
