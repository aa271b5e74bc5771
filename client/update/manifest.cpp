#include "client/update/manifest.h"

#include "client/json/strict_json.h"
#include "client/system/digest.h"

namespace axiom {
namespace {

const std::string type = "axiom-client manifest";

VersionNumber version_member(const nlohmann::json& json, const std::string& key) {
  const std::optional<VersionNumber> version = parse_version(document::text(type, json, key));
  if (!version) document::malformed(type + ": \"" + key + "\" is no version as in 1.2.3");
  return *version;
}

ReleaseFile release_file(const nlohmann::json& json) {
  ReleaseFile file;
  file.url = document::text(type, json, "url");
  file.size = document::integer(type, json, "size");
  file.sha256 = document::text(type, json, "sha256");
  if (file.size == 0 || file.size > maximum_executable_bytes) {
    document::malformed(type + ": a size of " + std::to_string(file.size) + " bytes (1 to " +
                        std::to_string(maximum_executable_bytes) + " may be)");
  }
  if (file.sha256.size() != 64 ||
      file.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    document::malformed(type + ": \"sha256\" is not 64 hex digits");
  }
  return file;
}

}  // namespace

Manifest verified_manifest(std::string_view text, std::string_view signatures, const KeyList& keys,
                           double now) {
  const nlohmann::json json = verified_document(type, text, signatures, keys);
  Manifest manifest;
  manifest.number = document::integer(type, json, "number");
  manifest.version_text = document::text(type, json, "version");
  manifest.version = version_member(json, "version");
  manifest.minimum_version = version_member(json, "minimum_version");
  manifest.date = document::text(type, json, "date");
  require_current(json, type + " " + std::to_string(manifest.number), now);
  const nlohmann::json& platforms = document::member(type, json, "platforms");
  if (!platforms.is_object()) document::malformed(type + ": \"platforms\" is no object");
  for (const auto& [name, file] : platforms.items()) {
    manifest.platforms.emplace(name, release_file(file));
  }
  return manifest;
}

std::string this_platform() {
#if defined(__x86_64__) && defined(__linux__)
  return "x86_64-pc-linux-gnu";
#elif defined(__x86_64__) && defined(_WIN32)
  return "windows_x86_64";
#elif defined(__aarch64__) && defined(__linux__)
  return "aarch64-unknown-linux-gnu";
#else
  return "unknown";
#endif
}

const ReleaseFile& file_for(const Manifest& manifest, const std::string& platform) {
  const auto found = manifest.platforms.find(platform);
  if (found == manifest.platforms.end()) {
    std::string known;
    for (const auto& [name, file] : manifest.platforms) known += (known.empty() ? "" : ", ") + name;
    throw UpdateError(UpdateFailure::wrong_platform,
                      "version " + manifest.version_text + " is not there for " + platform +
                          " (only for: " + known + "): build it from source");
  }
  return found->second;
}

void require_release(const ReleaseFile& file, std::string_view bytes) {
  if (bytes.size() != file.size) {
    throw UpdateError(UpdateFailure::wrong_size,
                      file.url + ": " + std::to_string(bytes.size()) + " bytes came, not the " +
                          std::to_string(file.size) + " that were signed; try again later");
  }
  if (const std::string sha256 = sha256_hex(bytes); sha256 != file.sha256) {
    throw UpdateError(UpdateFailure::wrong_hash,
                      file.url + ": SHA-256 is " + sha256 + ", not " + file.sha256 +
                          " as was signed; try again later, and tell the project if it stays");
  }
}

}  // namespace axiom
