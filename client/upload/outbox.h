// Objects that no server has acknowledged yet, on disk. Survives kills, power cuts and full disks:
// durable first, then sent, then acknowledged, then deleted.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/system/files.h"
#include "client/upload/upload_object.h"

namespace axiom {

/// An entry of the outbox, without its body.
struct QueuedObject {
  UploadKind kind = UploadKind::result;
  std::string name;
  UploadIdentity identity;
  std::string target;     ///< the address as the user gave it
  std::size_t bytes = 0;  ///< of the body
  std::string sha256;     ///< of the body
  int failures = 0;       ///< attempts so far
  double not_before = 0;  ///< UTC seconds: the server asked not to come earlier; 0 = it did not
  std::optional<std::vector<std::string>> devices = {};  ///< UploadObject::devices
};

/// DIRECTORY/NAME (the body), NAME.queued.json (what makes it an entry) and, once a server has
/// acknowledged it, NAME.sent.json (the receipt, which stays). One process at a time, but any
/// number may look.
class Outbox {
 public:
  enum class Use { change, look };

  /// Creates the directory if need be. IoError, as from all functions here. With Use::look nothing
  /// is created, tidied up or set aside, and only functions that read may be called.
  Outbox(FileSystem& files, std::string directory, Use use = Use::change);

  const std::string& directory() const { return directory_; }
  /// Queued or acknowledged before. Not what queued() found damaged.
  bool knows(const std::string& name);
  /// Likewise, but no damaged entry: add() mends it.
  bool holds(const std::string& name);
  /// Returns when it is durable; when it throws, nothing of it counts.
  void add(const UploadObject& object, const std::string& target);
  /// All entries, in the order of UploadKind. What an interrupted add() or acknowledge() left is
  /// tidied up; damaged entries are set aside as NAME.bad, which `notes` tell. Entries that cannot
  /// be read, and those of a later version of this program, stay, likewise told; files of others
  /// are not touched. AccessDeniedError for an entry that this user may not read.
  std::vector<QueuedObject> queued(std::vector<std::string>& notes);
  /// Why queued() left out an entry that cannot be read, or has set aside one that was not added
  /// again, of those whose name holds `digest`.
  std::optional<IoError> left_out(const std::string& digest) const;
  /// IoError also if the bytes are not those that were added.
  std::string body(const QueuedObject& entry);
  /// Another address for an entry.
  void redirect(QueuedObject& entry, const std::string& target);
  void postpone(QueuedObject& entry, int failures, double not_before);
  /// The server at `address` has it. `when`: UTC, as text.
  void acknowledge(const QueuedObject& entry, const std::string& address, const std::string& when);
  /// As NAME.queued.json.bad and NAME.bad, which `notes` tell: no entry any more.
  void set_aside(const std::string& name, const std::string& reason,
                 std::vector<std::string>& notes);

 private:
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  bool has_receipt(const std::string& name);
  void write_entry(const QueuedObject& entry);
  QueuedObject read_entry(const std::string& name);
  /// The reason if it is; the entry if not. Throws what cannot be told, or is of a later version.
  std::optional<std::string> damage_of(const std::string& name, QueuedObject& entry);
  void tell_damaged(const std::string& name, const std::string& reason,
                    std::vector<std::string>& notes);

  FileSystem& files_;
  const std::string directory_;
  const Use use_;
  std::set<std::string> damaged_;             // that were seen, but not set aside
  std::map<std::string, IoError> left_out_;   // by the last queued()
  std::map<std::string, IoError> set_aside_;  // since this object was made, and not added again
};

}  // namespace axiom
