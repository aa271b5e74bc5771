#include "client/commands/upload_source.h"

#include <algorithm>
#include <map>
#include <optional>
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

void require_digest(FileSystem& files, const std::string& path, const std::string& sha256) {
  const std::string companion = path + ".sha256";
  if (!files.exists(companion)) return;
  if (files.read_file(companion, 4096).substr(0, sha256.size()) != sha256) {
    throw IoError("'" + path + "' differs from '" + companion +
                  "': it is damaged and not uploaded; compute it again");
  }
}

// The telemetry of a directory's results: of each experiment that of its latest one. What cannot be
// read is refused, once, and keeps no result from being sent.
class TelemetryFiles {
 public:
  TelemetryFiles(FileSystem& files, const std::string& directory, UploadSource& source)
      : files_(files), directory_(directory), source_(source) {}

  std::string path(const std::string& experiment) const {
    return directory_ + "/" + experiment + ".telemetry.json";
  }

  /// What belongs to the result of that digest; empty if there is none.
  std::string of(const std::string& experiment, const std::string& digest) {
    auto found = read_.find(experiment);
    if (found == read_.end()) found = read_.emplace(experiment, read(path(experiment))).first;
    return found->second.result == digest ? found->second.text : "";
  }

 private:
  struct Telemetry {
    std::string result;  // its digest
    std::string text;
  };

  Telemetry read(const std::string& path) {
    try {
      if (!files_.exists(path) || !files_.is_file(path)) return {};
      std::string text = files_.read(path, maximum_telemetry_bytes);
      const nlohmann::json telemetry = parse_strict_json(text, {maximum_telemetry_bytes, 8});
      return {telemetry.at("result_sha256").get<std::string>(), std::move(text)};
    } catch (const nlohmann::json::exception&) {
      // Not telemetry of this program: it stays here.
    } catch (const JsonError&) {
    } catch (const FileTooLongError&) {
    } catch (const IoError&) {
      source_.refused.push_back(std::current_exception());
    }
    return {};
  }

  FileSystem& files_;
  const std::string& directory_;
  UploadSource& source_;
  std::map<std::string, Telemetry> read_;
};

// Telemetry knows which program computed; the one that uploads may be newer. Nothing if it cannot
// be sent.
std::optional<UploadIdentity> computed_by(const std::string& telemetry, UploadIdentity identity) {
  try {
    const nlohmann::json json = nlohmann::json::parse(telemetry);
    identity.client_version = json.at("client_version").get<std::string>();
    identity.build = json.at("build").get<std::string>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return can_be_sent(identity) ? std::optional(identity) : std::nullopt;
}

UploadIdentity identity_of(const std::string& path, const std::string& text,
                           const std::string& digest) {
  UploadIdentity identity;
  identity.result_digest = digest;
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
  return identity;
}

// Of one result: it, and its telemetry if there is any.
void find_wanted(FileSystem& files, const std::string& directory, const std::string& name,
                 const Wanted& wanted, TelemetryFiles& telemetries, UploadSource& source) {
  const std::string path = directory + "/" + name;
  const std::string text = files.read_file(path, maximum_result_bytes);
  const std::string digest = sha256_hex(text);
  require_digest(files, path, digest);
  const auto named = [&](UploadKind kind, const std::string& experiment, const std::string& own) {
    return object_name(kind, experiment, digest, own);
  };
  // What its file is called: taking the result apart would be most of the work.
  const std::string called = name.substr(0, name.find('.'));
  std::string telemetry = telemetries.of(called, digest);
  const bool telemetry_wanted =
      !telemetry.empty() && wanted(named(UploadKind::telemetry, called, telemetry), digest);
  if (!telemetry_wanted && !wanted(named(UploadKind::result, called, ""), digest)) {
    source.digests.insert(digest);
    return;
  }
  UploadIdentity identity = identity_of(path, text, digest);
  source.digests.insert(digest);
  if (identity.experiment != called) telemetry = telemetries.of(identity.experiment, digest);
  const auto computed = computed_by(telemetry, identity);
  if (computed) identity = *computed;
  const auto add = [&](UploadKind kind, const std::string& from, const std::string& own) {
    std::string object = named(kind, identity.experiment, own);
    const bool twice =  // a copy of the file
        std::any_of(source.wanted.begin(), source.wanted.end(),
                    [&](const Uploadable& other) { return other.name == object; });
    if (twice || !wanted(object, digest)) return;
    source.wanted.push_back({kind, std::move(object), identity, from});
  };
  add(UploadKind::result, path, "");
  if (computed) add(UploadKind::telemetry, telemetries.path(identity.experiment), telemetry);
}

}  // namespace

std::string outbox_directory(const std::string& directory) { return directory + "/outbox"; }

UploadSource results_to_upload(FileSystem& files, const std::string& directory,
                               const Wanted& wanted) {
  UploadSource source;
  TelemetryFiles telemetries(files, directory, source);
  for (const std::string& name : files.list(directory)) {
    if (!is_result_name(name)) continue;
    try {
      find_wanted(files, directory, name, wanted, telemetries, source);
    } catch (const IoError&) {
      source.refused.push_back(std::current_exception());
    } catch (const WorkUnitError&) {
      source.refused.push_back(std::current_exception());
    }
  }
  return source;
}

UploadObject packed(FileSystem& files, const Uploadable& found) {
  const std::string text = files.read_file(found.path, maximum_result_bytes);
  const bool same = found.kind == UploadKind::result
                        ? sha256_hex(text) == found.identity.result_digest
                        : object_name(found.kind, found.identity.experiment,
                                      found.identity.result_digest, text) == found.name;
  if (!same) throw IoError("'" + found.path + "' has changed meanwhile: upload again");
  return upload_object(found.kind, found.identity, text);
}

UploadSource queue_results(FileSystem& files, const std::string& directory, Outbox& outbox,
                           const std::string& target, const std::string& own_digest) {
  UploadSource source =
      results_to_upload(files, directory, [&](const std::string& name, const std::string& digest) {
        return is_for(target, own_digest, digest) && !outbox.holds(name);
      });
  for (const Uploadable& found : source.wanted) {
    if (!object_address(target, found.kind, found.name)) continue;
    outbox.add(packed(files, found), target);
  }
  return source;
}

bool is_for(const std::string& target, const std::string& own_digest,
            const std::string& result_digest) {
  return own_digest.empty() || own_digest == result_digest || !single_object(target);
}

}  // namespace axiom
