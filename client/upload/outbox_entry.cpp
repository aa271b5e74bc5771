#include "client/upload/outbox_entry.h"

#include <array>
#include <cstdint>

#include "client/json/strict_json.h"
#include "client/system/digest.h"

namespace axiom {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t schema_number = 1;
constexpr const char* digest_member = "entry_sha256";

Json identity_json(const UploadIdentity& identity) {
  return {{"client_version", identity.client_version},
          {"build", identity.build},
          {"experiment", identity.experiment},
          {"experiment_version", identity.experiment_version},
          {"arithmetic_version", identity.arithmetic_version},
          {"plan_digest", identity.plan_digest},
          {"result_digest", identity.result_digest},
          {"part", identity.part}};
}

// Json::exception if anything is missing or of another type.
UploadIdentity identity_from(const Json& json) {
  return {json.at("client_version").get<std::string>(),
          json.at("build").get<std::string>(),
          json.at("experiment").get<std::string>(),
          json.at("experiment_version").get<std::string>(),
          json.at("arithmetic_version").get<std::string>(),
          json.at("plan_digest").get<std::string>(),
          json.at("result_digest").get<std::string>(),
          json.value("part", "")};
}

// Of all that is in an entry and of its name: what is sent, as what, and where to.
std::string entry_digest(Json entry, const std::string& name) {
  entry["name"] = name;
  entry.erase(digest_member);
  return sha256_hex(entry.dump());
}

void require_as_written(const Json& entry, const std::string& name) {
  if (const auto digest = entry.find(digest_member); digest != entry.end()) {
    if (*digest == entry_digest(entry, name)) return;
    throw JsonError("it is not what was written");
  }
  // Earlier builds wrote one of the identity only, and before that none.
  const auto digest = entry.find("identity_sha256");
  if (digest == entry.end() ||
      *digest == sha256_hex(identity_json(identity_from(entry.at("identity"))).dump()))
    return;
  throw JsonError("its versions or digests are not what was written");
}

constexpr std::array<const char*, 3> kind_names = {"result", "part", "telemetry"};

std::string kind_name(UploadKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

UploadKind kind_from(const Json& name) {
  for (const UploadKind kind : {UploadKind::result, UploadKind::part, UploadKind::telemetry}) {
    if (name == kind_name(kind)) return kind;
  }
  throw JsonError("another kind");
}

QueuedObject entry_from(const std::string& name, const Json& json) {
  QueuedObject entry;
  if (const Json& schema = json.at("schema"); schema != schema_number) {
    if (schema.is_number_unsigned() && schema > schema_number) throw LaterSchema();
    throw JsonError("another schema");
  }
  require_as_written(json, name);
  entry.kind = kind_from(json.at("kind"));
  entry.name = name;
  entry.identity = identity_from(json.at("identity"));
  if (!can_be_sent(entry.identity)) throw JsonError("a version or digest is no printable text");
  entry.target = json.at("target").get<std::string>();
  entry.bytes = json.at("bytes").get<std::size_t>();
  entry.sha256 = json.at("sha256").get<std::string>();
  if (const Json& failures = json.at("failures");
      !failures.is_number_unsigned() || failures > most_counted_failures) {
    throw JsonError("no number of failures");
  }
  entry.failures = json.at("failures").get<int>();
  entry.not_before = json.at("not_before").get<double>();
  if (json.contains("devices")) {
    entry.devices = json.at("devices").get<std::vector<std::string>>();
  }
  if (!object_address(entry.target, entry.kind, name)) throw JsonError("no place at its target");
  return entry;
}

}  // namespace

std::string entry_text(const QueuedObject& entry) {
  Json json = {{"schema", schema_number},
               {"kind", kind_name(entry.kind)},
               {"identity", identity_json(entry.identity)},
               {"target", entry.target},
               {"bytes", entry.bytes},
               {"sha256", entry.sha256},
               {"failures", entry.failures},
               {"not_before", entry.not_before}};
  if (entry.devices) json["devices"] = *entry.devices;
  json[digest_member] = entry_digest(json, entry.name);
  return json.dump() + "\n";
}

QueuedObject parse_entry(const std::string& name, std::string_view text) try {
  return entry_from(name, parse_strict_json(text, {maximum_entry_bytes, 4}));
} catch (const Json::exception& error) {
  throw EntryError(error.what());
} catch (const JsonError& error) {
  throw EntryError(error.what());
} catch (const AddressError& error) {
  throw EntryError(error.what());
}

std::string receipt_text(const QueuedObject& entry, const std::string& address,
                         const std::string& when) {
  const Json receipt = {{"schema", schema_number}, {"address", address},
                        {"acknowledged", when},    {"bytes", entry.bytes},
                        {"sha256", entry.sha256},  {"identity", identity_json(entry.identity)}};
  return receipt.dump() + "\n";
}

bool is_receipt(std::string_view text) try {
  return parse_strict_json(text, {maximum_entry_bytes, 8}).is_object();
} catch (const JsonError&) {
  return false;
}

}  // namespace axiom
