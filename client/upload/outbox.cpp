#include "client/upload/outbox.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "client/json/strict_json.h"
#include "client/system/digest.h"

namespace axiom {
namespace {

using Json = nlohmann::json;

constexpr std::size_t maximum_entry_bytes = std::size_t{64} << 10;
constexpr std::size_t maximum_body_bytes = std::size_t{4} << 30;
constexpr std::uint64_t schema_number = 1;
constexpr int most_failures = 1000000;  // that are counted
constexpr const char* digest_member = "entry_sha256";
constexpr std::string_view queued_suffix = ".queued.json";
constexpr std::string_view sent_suffix = ".sent.json";

std::string with(const std::string& name, std::string_view suffix) {
  return name + std::string(suffix);
}

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

// Written by a later version of this program: not damaged, but not to be sent by this one.
class LaterSchema : public std::runtime_error {
 public:
  LaterSchema() : std::runtime_error("of a later version of this program") {}
};

// Unlike a disk that cannot be read at the moment.
class NotAsItWas : public IoError {
 public:
  using IoError::IoError;
};

// Of "NAME.tmp", "NAME.queued.json" and the like: whether NAME is an object's. Others lie here by
// someone else's will.
bool is_own(std::string_view file) {
  if (file.ends_with(".tmp")) file.remove_suffix(4);
  for (const std::string_view suffix : {queued_suffix, sent_suffix}) {
    if (file.ends_with(suffix)) file.remove_suffix(suffix.size());
  }
  return is_object_name(file);
}

constexpr std::array<const char*, 3> kind_names = {"result", "part", "telemetry"};

std::string kind_name(UploadKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

UploadKind kind_from(const Json& name) {
  for (const UploadKind kind : {UploadKind::result, UploadKind::part, UploadKind::telemetry}) {
    if (name == kind_name(kind)) return kind;
  }
  throw JsonError("another kind");
}

}  // namespace

Outbox::Outbox(FileSystem& files, std::string directory, Use use)
    : files_(files), directory_(std::move(directory)), use_(use) {
  if (use_ == Use::change) files_.make_directories(directory_);
}

bool Outbox::knows(const std::string& name) {
  if (damaged_.contains(name)) return false;
  return files_.exists(path(with(name, queued_suffix))) || has_receipt(name);
}

// One that says nothing acknowledges nothing: to send once more is harmless.
bool Outbox::has_receipt(const std::string& name) {
  const std::string receipt = path(with(name, sent_suffix));
  if (!files_.exists(receipt) || !files_.is_file(receipt)) return false;
  try {
    return parse_strict_json(files_.read(receipt, maximum_entry_bytes), {maximum_entry_bytes, 8})
        .is_object();
  } catch (const JsonError&) {
    return false;
  } catch (const FileTooLongError&) {
    return false;
  } catch (const IoError&) {
    return true;  // what cannot be read at the moment may say all that is needed
  }
}

void Outbox::add(const UploadObject& object, const std::string& target) {
  QueuedObject entry;
  entry.kind = object.kind;
  entry.name = object.name;
  entry.identity = object.identity;
  entry.target = target;
  entry.bytes = object.body.size();
  entry.sha256 = sha256_hex(object.body);
  entry.devices = object.devices;
  try {
    files_.write_durably(path(object.name), object.body);
    write_entry(entry);  // from here on it is one
    set_aside_.erase(object.name);
  } catch (const IoError&) {
    try {
      // The entry may be there in spite of the error; without its body it would count as damaged.
      files_.remove(path(with(object.name, queued_suffix)));
      files_.remove(path(object.name));
    } catch (const IoError&) {
      // The first failure is the one to report; queued() removes what is left.
    }
    throw;
  }
}

void Outbox::write_entry(const QueuedObject& entry) {
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
  // A target may be signed in advance: whoever reads it can write there.
  files_.write_durably(path(with(entry.name, queued_suffix)), json.dump() + "\n", Readers::owner);
}

QueuedObject Outbox::read_entry(const std::string& name) {
  const Json json =
      parse_strict_json(files_.read_file(path(with(name, queued_suffix)), maximum_entry_bytes),
                        {maximum_entry_bytes, 4});
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
      !failures.is_number_unsigned() || failures > most_failures) {
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

std::optional<std::string> Outbox::damage_of(const std::string& name, QueuedObject& entry) {
  try {
    entry = read_entry(name);
    body(entry);
    return std::nullopt;
  } catch (const Json::exception& error) {
    return error.what();
  } catch (const JsonError& error) {
    return error.what();
  } catch (const AddressError& error) {
    return error.what();
  } catch (const FileTooLongError& error) {
    return error.what();
  } catch (const NotAsItWas& error) {
    return error.what();
  }
}

bool Outbox::holds(const std::string& name) {
  if (!knows(name)) return false;
  if (has_receipt(name)) return true;
  try {
    QueuedObject entry;
    return !damage_of(name, entry);
  } catch (const LaterSchema&) {
  } catch (const IoError&) {  // it may be whole
  }
  return true;
}

std::vector<QueuedObject> Outbox::queued(std::vector<std::string>& notes) {
  std::vector<QueuedObject> entries;
  left_out_.clear();
  if (use_ == Use::look && !files_.exists(directory_)) return entries;
  const std::vector<std::string> names = files_.list(directory_);
  const auto present = [&](const std::string& name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  const auto tidy_up = [&](const std::string& file) {
    if (use_ == Use::look) return;
    // A directory of such a name is not ours.
    if (!files_.exists(path(file)) || files_.is_file(path(file))) files_.remove(path(file));
  };
  for (const std::string& file : names) {
    if (!is_own(file)) continue;
    if (file.ends_with(".gz") && !present(with(file, queued_suffix))) {
      tidy_up(file);  // its add() did not come to its end, or its removal
    }
    if (file.ends_with(".tmp")) tidy_up(file);
    if (!file.ends_with(queued_suffix)) continue;
    const std::string name = file.substr(0, file.size() - queued_suffix.size());
    if (present(with(name, sent_suffix)) && has_receipt(name)) {
      tidy_up(file);
      if (present(name)) tidy_up(name);
      continue;
    }
    try {
      QueuedObject entry;
      if (const auto damage = damage_of(name, entry)) {
        tell_damaged(name, *damage, notes);
      } else {
        entries.push_back(entry);
      }
    } catch (const LaterSchema& error) {
      notes.push_back("'" + path(file) + "' is " + error.what() + ": it stays there, for that one");
    } catch (const AccessDeniedError&) {
      throw;  // another user's: not damaged
    } catch (const IoError& error) {
      if (!files_.exists(path(file))) continue;  // sent by another process while this one looks
      left_out_.emplace(name, IoError(std::string(error.what()) +
                                      "; it stays in the outbox: axiom-client upload tries again"));
      notes.push_back("an entry of the outbox stays there for later: " + std::string(error.what()));
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return entries;
}

std::optional<IoError> Outbox::left_out(const std::string& digest) const {
  for (const auto* names : {&left_out_, &set_aside_}) {
    for (const auto& [name, error] : *names) {
      if (name.find(digest) != std::string::npos) return error;
    }
  }
  return std::nullopt;
}

void Outbox::tell_damaged(const std::string& name, const std::string& reason,
                          std::vector<std::string>& notes) {
  if (use_ == Use::change) {
    set_aside(name, reason, notes);
    set_aside_.emplace(name, IoError("what waited as '" + name + "' is damaged and not sent: " +
                                     reason + "; upload it again by --upload-url, or compute it"));
    return;
  }
  // Another process may have sent or set it aside meanwhile.
  if (!files_.exists(path(with(name, queued_suffix)))) return;
  damaged_.insert(name);
  notes.push_back("an entry of the outbox is damaged, '" + path(with(name, queued_suffix)) + "': " +
                  reason + "; its result is queued again by --upload-url, if it is still there");
}

void Outbox::set_aside(const std::string& name, const std::string& reason,
                       std::vector<std::string>& notes) {
  const std::string entry = path(with(name, queued_suffix));
  // First, as it may be the only copy: without its entry it would be tidied up.
  if (files_.exists(path(name))) files_.rename(path(name), path(name) + ".bad");
  files_.rename(entry, entry + ".bad");
  notes.push_back("an entry of the outbox was set aside as '" + entry + ".bad': " + reason +
                  "; its result is queued again by --upload-url, if it is still there");
}

std::string Outbox::body(const QueuedObject& entry) {
  if (!files_.exists(path(entry.name))) {
    throw NotAsItWas("'" + path(entry.name) + "' is not there any more");
  }
  std::string bytes = files_.read_file(path(entry.name), maximum_body_bytes);
  if (bytes.size() != entry.bytes || sha256_hex(bytes) != entry.sha256) {
    throw NotAsItWas("'" + path(entry.name) + "' is not what was put there");
  }
  return bytes;
}

void Outbox::redirect(QueuedObject& entry, const std::string& target) {
  if (entry.target == target) return;
  entry.target = target;
  entry.failures = 0;
  entry.not_before = 0;
  write_entry(entry);
}

void Outbox::postpone(QueuedObject& entry, int failures, double not_before) {
  entry.failures = std::min(failures, most_failures);
  entry.not_before = not_before;
  if (!files_.exists(path(with(entry.name, queued_suffix)))) return;  // removed meanwhile
  write_entry(entry);
}

void Outbox::acknowledge(const QueuedObject& entry, const std::string& address,
                         const std::string& when) {
  const Json receipt = {{"schema", schema_number}, {"address", address},
                        {"acknowledged", when},    {"bytes", entry.bytes},
                        {"sha256", entry.sha256},  {"identity", identity_json(entry.identity)}};
  files_.write_durably(path(with(entry.name, sent_suffix)), receipt.dump() + "\n");
  files_.remove(path(with(entry.name, queued_suffix)));
  files_.remove(path(entry.name));
}

}  // namespace axiom
