#include "checkpoint/store.h"

#include <utility>

namespace axiom {

/// What lies in one of the two files.
struct CheckpointStore::Generation {
  std::optional<Checkpoint> checkpoint;
  std::string damage;       ///< why there is a file but no checkpoint; empty otherwise
  bool unreadable = false;  ///< the damage is the disk's, perhaps for the moment only
};

CheckpointStore::CheckpointStore(FileSystem& files, std::string directory, std::string name)
    : files_(files), directory_(std::move(directory)), name_(std::move(name)) {}

std::string CheckpointStore::path(int slot) const {
  return directory_ + "/" + name_ + ".checkpoint." + std::to_string(slot);
}

CheckpointStore::Generation CheckpointStore::examine(int slot, const std::string& work_digest) {
  Generation generation;
  if (!files_.exists(path(slot))) return generation;
  const std::string advice =
      ": finish that work with the program that began it, choose another "
      "directory (--out), or delete '" +
      path(0) + "' and '" + path(1) + "'";
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
  if (!zero && !one) {
    for (const Generation& generation : generations) {
      // Hours of work may be lost by starting again: that is for the user to decide.
      if (generation.unreadable) {
        throw IoError(generation.damage + "; delete the file to start from the beginning");
      }
    }
  }
  for (const int slot : {0, 1}) {
    if (!generations[slot].damage.empty()) set_aside(slot, generations[slot].damage, notes);
  }
  std::optional<Checkpoint> loaded = std::move(generations[newer].checkpoint);
  next_slot_ = loaded ? 1 - newer : 0;
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

void CheckpointStore::distrust(const std::string& reason, std::vector<std::string>& notes) {
  for (const int slot : {0, 1}) {
    if (files_.exists(path(slot))) set_aside(slot, reason, notes);
  }
}

void CheckpointStore::save(Checkpoint& checkpoint) { write(prepare(checkpoint)); }

std::string CheckpointStore::prepare(Checkpoint& checkpoint) {
  if (!loaded_) throw std::logic_error("CheckpointStore::save() before load()");
  // A number is used once, even if the save fails: two states never share one.
  checkpoint.sequence = ++sequence_;
  return encode(checkpoint);
}

void CheckpointStore::write(const std::string& bytes) {
  // Removed by someone while the program ran: what is computed is worth a new one.
  if (!files_.exists(directory_)) files_.make_directories(directory_);
  files_.write_durably(path(next_slot_), bytes);
  // After a failure the same file is written again: the other one is the last that is safe.
  next_slot_ = 1 - next_slot_;
}

void CheckpointStore::remove() {
  // The older one first: if the removal stops halfway, the newest state is what remains.
  files_.remove(path(next_slot_));
  files_.remove(path(1 - next_slot_));
  for (const int slot : {0, 1}) files_.remove(path(slot) + ".tmp");
}

}  // namespace axiom
