#include "client/commands/upload_source.h"

#include <optional>

#include "client/arithmetic/version.h"
#include "client/commands/version.h"
#include "client/json/strict_json.h"
#include "client/system/digest.h"
#include "client/work_unit/recorded_work.h"

namespace axiom {
namespace {

constexpr std::size_t maximum_result_bytes = std::size_t{1} << 30;
constexpr std::size_t maximum_telemetry_bytes = std::size_t{1} << 20;

// EXPERIMENT.result.json or EXPERIMENT.result.<12 digits>.json
bool is_result_name(const std::string& name) {
  const std::size_t at = name.find(".result.");
  if (at == std::string::npos || at == 0 || name.find('.') != at) return false;
  const std::string rest = name.substr(at + sizeof(".result.") - 1);
  if (rest == "json") return true;
  return rest.size() == 12 + sizeof(".json") - 1 && rest.ends_with(".json") &&
         rest.find_first_not_of("0123456789abcdef") == 12;
}

void require_digest(FileSystem& files, const std::string& path, const std::string& sha256) {
  const std::string companion = path + ".sha256";
  if (!files.exists(companion)) return;
  if (files.read(companion, 4096).substr(0, sha256.size()) != sha256) {
    throw IoError("'" + path + "' differs from '" + companion +
                  "': it is damaged and not uploaded; compute it again");
  }
}

// Nothing if there is no telemetry, or only that of another result.
std::optional<nlohmann::json> telemetry_of(FileSystem& files, const std::string& path,
                                           const std::string& result_digest, std::string& text) {
  if (!files.exists(path)) return std::nullopt;
  text = files.read(path, maximum_telemetry_bytes);
  try {
    const nlohmann::json telemetry = parse_strict_json(text, {maximum_telemetry_bytes, 8});
    if (telemetry.at("result_sha256") == result_digest) return telemetry;
  } catch (const nlohmann::json::exception&) {
    // Not telemetry of this program: it stays here.
  } catch (const JsonError&) {
  }
  return std::nullopt;
}

}  // namespace

std::string outbox_directory(const std::string& directory) { return directory + "/outbox"; }

std::vector<UploadObject> results_to_upload(FileSystem& files, const std::string& directory) {
  std::vector<UploadObject> objects;
  for (const std::string& name : files.list(directory)) {
    if (!is_result_name(name)) continue;
    const std::string path = directory + "/" + name;
    const std::string text = files.read(path, maximum_result_bytes);
    UploadIdentity identity;
    identity.result_digest = sha256_hex(text);
    require_digest(files, path, identity.result_digest);
    try {
      const nlohmann::json result = parse_strict_json(text, {maximum_result_bytes, 32});
      const WorkUnit work = recorded_work(result);
      identity.plan_digest = work_digest(work);
      identity.experiment = work.experiment->name();
    } catch (const JsonError& error) {
      throw WorkUnitError(path + ": " + error.what());
    } catch (const WorkUnitError& error) {
      throw WorkUnitError(path + ": " + error.what());
    }
    identity.experiment_version = experiment_version;
    identity.arithmetic_version = arithmetic_version;
    identity.client_version = client_version();
    identity.build = build_identifier();
    std::string telemetry_text;
    const auto telemetry =
        telemetry_of(files, directory + "/" + identity.experiment + ".telemetry.json",
                     identity.result_digest, telemetry_text);
    if (telemetry) {  // it knows which program computed; this one may be newer
      identity.client_version = telemetry->value("client_version", identity.client_version);
      identity.build = telemetry->value("build", identity.build);
    }
    objects.push_back(result_object(identity, text));
    if (telemetry) objects.push_back(telemetry_object(identity, telemetry_text));
  }
  return objects;
}

void queue_results(FileSystem& files, const std::string& directory, Outbox& outbox,
                   const std::string& target) {
  for (const UploadObject& object : results_to_upload(files, directory)) {
    if (outbox.knows(object.name)) continue;
    if (!object_address(target, object.kind, object.name)) continue;
    outbox.add(object, target);
  }
}

}  // namespace axiom
