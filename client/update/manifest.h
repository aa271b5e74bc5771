// A release: which version there is, and its executables.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "client/update/signed_document.h"
#include "client/update/version_number.h"

namespace axiom {

struct ReleaseFile {
  std::string url;  ///< absolute, or relative to the channel
  std::uint64_t size = 0;
  std::string sha256;  ///< lower-case hex
};

/// docs/UPDATES.md, "The manifest".
struct Manifest {
  std::uint64_t number = 0;
  std::string version_text;
  VersionNumber version{};
  VersionNumber minimum_version{};  ///< to update from
  std::string date;
  std::map<std::string, ReleaseFile> platforms;
};

inline constexpr std::uint64_t maximum_executable_bytes = std::uint64_t{256} << 20;

/// UpdateError unless the signatures hold, all members are as documented and it is current at
/// `now`.
Manifest verified_manifest(std::string_view text, std::string_view signatures, const KeyList& keys,
                           double now);

/// As BOINC names it: x86_64-pc-linux-gnu.
std::string this_platform();

/// The executable for `platform`. UpdateError (wrong_platform) if there is none.
const ReleaseFile& file_for(const Manifest& manifest, const std::string& platform);

/// UpdateError (wrong_size, wrong_hash) unless `bytes` is what the manifest says.
void require_release(const ReleaseFile& file, std::string_view bytes);

}  // namespace axiom
