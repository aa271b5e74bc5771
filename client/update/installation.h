// What an installation remembers about updates, beside the executable: EXECUTABLE.update/.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "client/system/files.h"
#include "client/update/key_list.h"

namespace axiom {

struct InstallationState {
  struct Seen {
    std::uint64_t number = 0;
    std::string sha256;  ///< of the manifest's text
  };
  struct Pending {
    std::string version;
    int starts = 0;  ///< that did not come to anything
  };

  std::optional<Seen> manifest;    ///< the newest that was accepted
  std::string key_list;            ///< the newest that was accepted; empty: the embedded one
  std::optional<Pending> pending;  ///< put in place, not yet proved
  std::set<std::string> failed;    ///< versions that are not tried again
};

/// Where things are, and the state on disk.
class Installation {
 public:
  Installation(FileSystem& files, const std::string& executable);

  const std::string& executable() const { return executable_; }
  const std::string& directory() const { return directory_; }
  std::string previous() const { return directory_ + "/previous"; }  ///< the executable before

  /// Fresh if there is none. IoError if it is damaged.
  InstallationState load();
  /// Durably. IoError.
  void save(const InstallationState& state);

 private:
  FileSystem& files_;
  const std::string executable_;
  const std::string directory_;
};

/// The newer one of the embedded list and the one that the installation accepted. UpdateError
/// (no_keys) if `embedded` is empty; IoError if the accepted one is damaged.
KeyList trusted_keys(std::string_view embedded, const InstallationState& state);

/// What a start of the program is to do.
enum class StartVerdict {
  nothing,    ///< no update is on trial
  count,      ///< this start counts as failed until it is confirmed; the state was changed
  roll_back,  ///< two starts failed: the program before has to come back
  tidy,       ///< the update on trial is not what runs; the state was changed
};

inline constexpr int allowed_failed_starts = 2;

/// Decides, and changes the state accordingly; the caller saves it.
StartVerdict begin_start(InstallationState& state, const std::string& running_version);

}  // namespace axiom
