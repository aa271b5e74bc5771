#include "checkpoint/store.h"

#include <utility>

namespace axiom {

namespace {

constexpr int spare_slot = 2;

}  // namespace

/// What lies in one of the files.
struct CheckpointStore::Generation {
  std::optional<Checkpoint> checkpoint;
  std::string damage;       ///< why there is a file but no checkpoint; empty otherwise
  bool unreadable = false;  ///< the damage is the disk's, perhaps for the moment only
};

CheckpointStore::CheckpointStore(FileSystem& files, std::string directory, std::string name,
                                 Spare spare)
    : files_(files), directory_(std::move(directory)), name_(std::move(name)), spare_(spare) {}

std::string CheckpointStore::path(int slot) const {
  return directory_ + "/" + name_ + ".checkpoint." + std::to_string(slot);
}

CheckpointStore::Generation CheckpointStore::examine(int slot, const std::string& work_digest) {
  Generation generation;
  if (!files_.exists(path(slot))) return generation;
  const std::string advice =
      ": finish that work with the program that began it, choose another "
      "directory (--out), or delete '" +
      path(0) + "', .1 and .2";
  try {
    if (!files_.is_file(path(slot))) {
      throw IoError("'" + path(slot) + "' is a directory, pipe or device, but no checkpoint");
    }
    generation.checkpoint = decode(files_.read(path(slot), maximum_checkpoint_bytes));
  } catch (const CheckpointVersionError& error) {
    throw CheckpointMismatch("the checkpoint '" + path(slot) +
                             "' was written by another version of "
                             "axiom-client (" +
                             error.what() + ")" + advice);
  } catch (const CheckpointError& error) {
    generation.damage = error.what();
  } catch (const IoError& error) {
    generation.damage = error.what();
    generation.unreadable = true;
  }
  if (generation.checkpoint && generation.checkpoint->work_digest != work_digest) {
    throw CheckpointMismatch("the checkpoint '" + path(slot) + "' belongs to other work (digest " +
                             generation.checkpoint->work_digest + ", wanted " + work_digest + ")" +
                             advice);
  }
  return generation;
}

std::optional<Checkpoint> CheckpointStore::load(const std::string& work_digest,
                                                std::vector<std::string>& notes) {
  for (const int slot : {0, 1}) files_.require_writable_temporary(path(slot));
  // Nothing is changed before both are known: a mismatch must leave all as it is.
  Generation generations[2] = {examine(0, work_digest), examine(1, work_digest)};
  const std::optional<Checkpoint>& zero = generations[0].checkpoint;
  const std::optional<Checkpoint>& one = generations[1].checkpoint;
  const int newer = one && (!zero || one->sequence > zero->sequence) ? 1 : 0;
  // It is older than both.
  Generation spare;
  if (!zero && !one) spare = examine(spare_slot, work_digest);
  if (!zero && !one && !spare.checkpoint) {
    for (const Generation& generation : {generations[0], generations[1], spare}) {
      // Hours of work may be lost by starting again: that is for the user to decide.
      if (generation.unreadable) {
        throw IoError(generation.damage + "; delete the file to start from the beginning");
      }
    }
  }
  for (const int slot : {0, 1}) {
    if (!generations[slot].damage.empty()) set_aside(slot, generations[slot].damage, notes);
    const std::optional<Checkpoint>& there = generations[slot].checkpoint;
    devices_[slot] = there ? std::optional(there->devices) : std::nullopt;
  }
  if (!spare.damage.empty()) set_aside(spare_slot, spare.damage, notes);
  next_slot_ = zero || one ? 1 - newer : 0;
  std::optional<Checkpoint> loaded =
      std::move(spare.checkpoint ? spare : generations[newer]).checkpoint;
  sequence_ = loaded ? loaded->sequence : 0;
  loaded_ = true;
  return loaded;
}

void CheckpointStore::set_aside(int slot, const std::string& reason,
                                std::vector<std::string>& notes) {
  const std::string bad = path(slot) + ".bad";
  try {
    files_.rename(path(slot), bad);
    notes.push_back("a checkpoint that cannot be used was set aside as '" + bad + "': " + reason);
    files_.write_durably(bad + ".reason.txt", reason + "\n");
  } catch (const IoError& error) {
    // The other generation serves all the same; the next save replaces the damaged one.
    notes.push_back("the checkpoint '" + path(slot) + "' (" + reason +
                    ") cannot be used and could not be set aside properly: " + error.what());
  }
}

bool CheckpointStore::is_free_of(int slot, const std::string& device) try {
  return !may_be_of(decode(files_.read(path(slot), maximum_checkpoint_bytes)).devices, device);
} catch (const CheckpointError&) {
  return false;
} catch (const IoError&) {
  return false;
}

void CheckpointStore::distrust(const std::string& device, const std::string& reason,
                               std::vector<std::string>& notes) {
  loaded_ = false;
  for (const int slot : {0, 1, spare_slot}) {
    if (!files_.exists(path(slot))) continue;
    if (is_free_of(slot, device)) {
      notes.push_back("the checkpoint '" + path(slot) + "' is kept: that device had no part in it");
    } else {
      set_aside(slot, reason, notes);
    }
  }
}

void CheckpointStore::save(Checkpoint& checkpoint) { write(prepare(checkpoint)); }

std::string CheckpointStore::prepare(Checkpoint& checkpoint) {
  if (!loaded_) throw std::logic_error("CheckpointStore::save() before load()");
  // A number is used once, even if the save fails: two states never share one.
  checkpoint.sequence = ++sequence_;
  prepared_devices_ = checkpoint.devices;
  return encode(checkpoint);
}

// The devices of a state are among those of later ones.
void CheckpointStore::spare_what_is_replaced() try {
  std::optional<std::vector<std::string>>& replaced = devices_[next_slot_];
  if (spare_ == Spare::none || !replaced || *replaced == prepared_devices_) return;
  if (replaced == devices_[1 - next_slot_]) return;  // the newer one will be the last
  files_.rename(path(next_slot_), path(spare_slot));
  replaced.reset();
} catch (const IoError&) {
  // It would only have spared work.
}

void CheckpointStore::write(const std::string& bytes) {
  // Removed by someone while the program ran: what is computed is worth a new one.
  if (!files_.exists(directory_)) files_.make_directories(directory_);
  spare_what_is_replaced();
  files_.write_durably(path(next_slot_), bytes);
  devices_[next_slot_] = prepared_devices_;
  // After a failure the same file is written again: the other one is the last that is safe.
  next_slot_ = 1 - next_slot_;
}

void CheckpointStore::remove() {
  // The oldest first: if the removal stops halfway, the newest state is what remains.
  files_.remove(path(spare_slot));
  files_.remove(path(next_slot_));
  files_.remove(path(1 - next_slot_));
  for (const int slot : {0, 1}) files_.remove(temporary_of(path(slot)));
}

}  // namespace axiom
