// From a channel to a new executable in place. The order of the steps is that of the client
// workflow of The Update Framework (docs/UPDATES.md says which attack each one stops).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "client/update/installation.h"
#include "client/update/manifest.h"

namespace axiom {

class StagedExecutable;

/// Gets a file of the channel (relative) or any address, of at most so many bytes; nothing if there
/// is none.
using Fetch =
    std::function<std::optional<std::string>(const std::string& address, std::size_t max_bytes)>;

class Updater {
 public:
  /// `now`: seconds since 1970, fixed for the whole update. `remembers`: this process has locked
  /// the installation's directory, and what is learned is kept. `require_going_on` throws if a
  /// person has stopped the update. UpdateError (no_keys).
  Updater(Installation installation, Fetch fetch, std::function<void()> require_going_on,
          std::string_view embedded_keys, const std::string& running_version, double now,
          bool remembers);

  /// Follows key rotations, then gets and checks the manifest. Keeps what was accepted, so that
  /// nothing older is accepted later. UpdateError, IoError; what `fetch` throws.
  Manifest check();

  /// Whether `manifest` is newer than what runs. UpdateError (not_newer) if it is older.
  bool newer(const Manifest& manifest) const;

  /// The file that apply() would take. UpdateError (version_too_old, failed_before,
  /// wrong_platform) if it would refuse.
  const ReleaseFile& applicable(const Manifest& manifest) const;

  /// Downloads, checks, tries and puts in place the version of `manifest`; the executable before
  /// is kept. UpdateError, IoError, what `fetch` and `require_going_on` throw: the old one is in
  /// place then. Returns why the disk may not have taken the change, if so. REQUIRES:
  /// newer(manifest), `remembers` was given.
  [[nodiscard]] std::optional<IoError> apply(const Manifest& manifest);

 private:
  void rotate_keys();
  void save();
  std::string required(const std::string& name);
  void require_passing(const StagedExecutable& staged, const std::string& command,
                       const std::string& version);

  Installation installation_;
  Fetch fetch_;
  std::function<void()> require_going_on_;
  InstallationState state_;
  KeyList keys_;
  VersionNumber running_;
  std::string running_text_;
  double now_;
  bool remembers_;
};

}  // namespace axiom
