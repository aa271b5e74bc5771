#include "client/benchmark/record.h"

#include "client/backends/processor_name.h"
#include "client/json/strict_json.h"
#include "client/result/canonical_json.h"

namespace axiom {
namespace {

using Json = nlohmann::json;

constexpr int record_schema = 1;
constexpr std::size_t maximum_record_bytes = std::size_t{64} << 10;

Json record_json(const BenchmarkRecord& record) {
  Json backends = Json::array();
  for (const MeasuredHost::Part& part : record.host.backends) {
    backends.push_back({{"name", part.backend}, {"device", part.device}});
  }
  return {{"schema", record_schema},
          {"date", record.date},
          {"client_version", record.host.client_version},
          {"build", record.host.build},
          {"processor", record.host.processor},
          {"backends", std::move(backends)},
          {"fastest", record.fastest}};
}

BenchmarkRecord parsed(const Json& json) {
  if (json.at("schema").get<int>() != record_schema) throw RecordError("another schema");
  BenchmarkRecord record;
  record.date = json.at("date").get<std::string>();
  record.fastest = json.at("fastest").get<std::string>();
  record.host.client_version = json.at("client_version").get<std::string>();
  record.host.build = json.at("build").get<std::string>();
  record.host.processor = json.at("processor").get<std::string>();
  for (const Json& part : json.at("backends")) {
    record.host.backends.push_back(
        {part.at("name").get<std::string>(), part.at("device").get<std::string>()});
  }
  return record;
}

// What differs, in a phrase; empty if nothing does.
std::string difference(const MeasuredHost& then, const MeasuredHost& now) {
  if (then.processor != now.processor) return "on another processor (" + then.processor + ")";
  if (then.client_version != now.client_version || then.build != now.build) {
    return "by another version (" + then.client_version + ", build " + then.build + ")";
  }
  return then.backends == now.backends ? "" : "with other devices, drivers or backends";
}

}  // namespace

std::string record_path(const std::string& directory) { return directory + "/benchmark.json"; }

MeasuredHost measured_host(const std::string& client_version, const std::string& build,
                           std::span<const Backend* const> backends) {
  MeasuredHost host{client_version, build, processor_name(), {}};
  for (const Backend* backend : backends) {
    if (!backend->unavailable_reason().empty()) continue;
    host.backends.push_back({backend->name(), backend->device_identity()});
  }
  return host;
}

void write_record(FileSystem& files, const std::string& directory, const BenchmarkRecord& record) {
  files.make_directories(directory);
  files.write_durably(record_path(directory), canonical_json(record_json(record)) + "\n");
}

std::optional<BenchmarkRecord> read_record(FileSystem& files, const std::string& directory) {
  const std::string path = record_path(directory);
  if (!files.exists(path)) return std::nullopt;
  const std::string text = files.read(path, maximum_record_bytes);
  const auto refuse = [&](const std::string& why) {
    throw RecordError(path + ": no record of a benchmark (" + why + "): ignored");
  };
  try {
    return parsed(parse_strict_json(text, {maximum_record_bytes, 4}));
  } catch (const JsonError& error) {
    refuse(error.what());
  } catch (const Json::exception&) {
    refuse("a key is missing or of another type");
  } catch (const RecordError& error) {
    refuse(error.what());
  }
  return std::nullopt;
}

BackendPreference preference(const BenchmarkRecord& record, const MeasuredHost& now) {
  const std::string date = record.date.substr(0, record.date.find('T'));
  if (const std::string other = difference(record.host, now); !other.empty()) {
    return {"",
            "the benchmark of " + date + " was made " + other + ": run axiom-client bench again"};
  }
  if (record.fastest.empty()) return {"", "the benchmark of " + date + " found none to be right"};
  return {record.fastest, "measured fastest by bench on " + date};
}

}  // namespace axiom
