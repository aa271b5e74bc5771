#include "client/update/installation.h"

#include "client/json/strict_json.h"
#include "client/system/program_swap.h"
#include "client/update/failure.h"
#include "client/update/signed_document.h"

namespace axiom {
namespace {

using Json = nlohmann::json;

constexpr std::size_t maximum_state_bytes = std::size_t{256} << 10;
constexpr std::uint64_t schema_number = 1;

// Other numbers would be converted, silently.
std::uint64_t count(const Json& json, std::uint64_t most) {
  if (!json.is_number_unsigned() || json > most) throw JsonError("no number: " + shown(json));
  return json.get<std::uint64_t>();
}

}  // namespace

Installation::Installation(FileSystem& files, const std::string& executable)
    : files_(files), executable_(executable), directory_(update_directory(executable)) {}

InstallationState Installation::load() {
  InstallationState state;
  const std::string path = directory_ + "/state.json";
  if (!files_.exists(path)) return state;
  const std::string text = files_.read_file(path, maximum_state_bytes);
  try {
    const Json json = parse_strict_json(text, {maximum_state_bytes, 8});
    if (count(json.at("schema"), document::largest_integer) != schema_number) {
      throw IoError("'" + path + "' is of schema " + json.at("schema").dump() +
                    ", of another version of this program: update with that one, or delete it");
    }
    if (const Json& seen = json.at("manifest"); !seen.is_null()) {
      state.manifest = {count(seen.at("number"), document::largest_integer),
                        seen.at("sha256").get<std::string>()};
    }
    state.key_list = json.at("key_list").get<std::string>();
    if (const Json& pending = json.at("pending"); !pending.is_null()) {
      state.pending = {pending.at("version").get<std::string>(),
                       static_cast<int>(count(pending.at("starts"), allowed_failed_starts))};
    }
    for (const Json& version : json.at("failed")) state.failed.insert(version.get<std::string>());
    return state;
  } catch (const JsonError& error) {
    throw IoError("'" + path + "' is damaged (" + error.what() + "): delete it");
  } catch (const Json::exception&) {
    throw IoError("'" + path + "' is damaged: delete it");
  }
}

void Installation::save(const InstallationState& state) {
  Json json = {{"schema", schema_number},
               {"manifest", Json()},
               {"key_list", state.key_list},
               {"pending", Json()},
               {"failed", state.failed}};
  if (state.manifest) {
    json["manifest"] = {{"number", state.manifest->number}, {"sha256", state.manifest->sha256}};
  }
  if (state.pending) {
    json["pending"] = {{"version", state.pending->version}, {"starts", state.pending->starts}};
  }
  files_.make_directories(directory_);
  files_.write_durably(directory_ + "/state.json", json.dump() + "\n");
}

KeyList trusted_keys(std::string_view embedded, const InstallationState& state) {
  if (embedded.empty()) {
    throw UpdateError(UpdateFailure::no_keys,
                      "this build holds no project keys, so nothing that is signed can be checked: "
                      "get a release from the project, or build with -DAXIOM_UPDATE_KEYS=FILE");
  }
  KeyList own = parse_key_list(embedded);
  if (state.key_list.empty()) return own;
  KeyList accepted;
  try {
    accepted = parse_key_list(state.key_list);
  } catch (const UpdateError& error) {
    throw IoError(std::string("the key list in 'state.json' beside this program is damaged (") +
                  error.what() + "): delete that file");
  }
  return accepted.number > own.number ? accepted : own;
}

StartVerdict begin_start(InstallationState& state, const std::string& running_version) {
  if (!state.pending) return StartVerdict::nothing;
  if (state.pending->version != running_version) {
    // Either the update never came into place, or it has been rolled back.
    if (state.pending->starts >= allowed_failed_starts) state.failed.insert(state.pending->version);
    state.pending.reset();
    return StartVerdict::tidy;
  }
  if (state.pending->starts >= allowed_failed_starts) return StartVerdict::roll_back;
  ++state.pending->starts;
  return StartVerdict::count;
}

}  // namespace axiom
