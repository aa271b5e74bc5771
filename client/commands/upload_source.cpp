#include "client/commands/upload_source.h"

#include <utility>

#include "client/arithmetic/version.h"
#include "client/commands/version.h"
#include "client/json/strict_json.h"
#include "client/result/result_files.h"
#include "client/system/digest.h"
#include "client/work_unit/recorded_work.h"

namespace axiom {
namespace {

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
  if (files.read_file(companion, 4096).substr(0, sha256.size()) != sha256) {
    throw IoError("'" + path + "' differs from '" + companion +
                  "': it is damaged and not uploaded; compute it again");
  }
}

// Whether there is telemetry of this result: `text`. It knows which program computed, which
// `identity` takes over; the one that uploads may be newer.
bool take_telemetry(FileSystem& files, const std::string& path, UploadIdentity& identity,
                    std::string& text) {
  if (!files.exists(path) || !files.is_file(path)) return false;
  try {
    text = files.read(path, maximum_telemetry_bytes);
    const nlohmann::json telemetry = parse_strict_json(text, {maximum_telemetry_bytes, 8});
    if (telemetry.at("result_sha256") != identity.result_digest) return false;
    UploadIdentity computed = identity;
    computed.client_version = telemetry.at("client_version").get<std::string>();
    computed.build = telemetry.at("build").get<std::string>();
    if (!can_be_sent(computed)) return false;
    identity = computed;
    return true;
  } catch (const nlohmann::json::exception&) {
    // Not telemetry of this program: it stays here.
  } catch (const JsonError&) {
  } catch (const FileTooLongError&) {
  }
  return false;
}

// Of one result: it, and its telemetry if there is any.
std::vector<UploadObject> objects_of(FileSystem& files, const std::string& directory,
                                     const std::string& name) {
  const std::string path = directory + "/" + name;
  const std::string text = files.read_file(path, maximum_result_bytes);
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
  std::string telemetry;
  const bool computed_here = take_telemetry(
      files, directory + "/" + identity.experiment + ".telemetry.json", identity, telemetry);
  std::vector<UploadObject> objects = {result_object(identity, text)};
  if (computed_here) objects.push_back(telemetry_object(identity, telemetry));
  return objects;
}

}  // namespace

std::string outbox_directory(const std::string& directory) { return directory + "/outbox"; }

UploadSource results_to_upload(FileSystem& files, const std::string& directory) {
  UploadSource source;
  for (const std::string& name : files.list(directory)) {
    if (!is_result_name(name)) continue;
    try {
      for (UploadObject& object : objects_of(files, directory, name)) {
        source.objects.push_back(std::move(object));
      }
    } catch (const IoError&) {
      source.refused.push_back(std::current_exception());
    } catch (const WorkUnitError&) {
      source.refused.push_back(std::current_exception());
    }
  }
  return source;
}

UploadSource queue_results(FileSystem& files, const std::string& directory, Outbox& outbox,
                           const std::string& target, const std::string& own_digest) {
  UploadSource source = results_to_upload(files, directory);
  for (const UploadObject& object : source.objects) {
    if (!is_for(target, own_digest, object.identity) || outbox.holds(object.name)) continue;
    if (!object_address(target, object.kind, object.name)) continue;
    outbox.add(object, target);
  }
  return source;
}

bool is_for(const std::string& target, const std::string& own_digest,
            const UploadIdentity& identity) {
  return own_digest.empty() || own_digest == identity.result_digest || !single_object(target);
}

}  // namespace axiom
