#include "client/benchmark/record.h"

#include "client/backends/processor_name.h"
#include "client/json/strict_json.h"
#include "client/plan/device_error.h"
#include "client/result/canonical_json.h"

namespace axiom {
namespace {

using Json = nlohmann::json;

constexpr int record_schema = 1;
constexpr std::size_t maximum_record_bytes = std::size_t{64} << 10;

Json parts_json(const std::vector<MeasuredHost::Part>& parts) {
  Json list = Json::array();
  for (const MeasuredHost::Part& part : parts) {
    list.push_back({{"name", part.backend}, {"device", part.device}});
  }
  return list;
}

std::vector<MeasuredHost::Part> parsed_parts(const Json& json) {
  std::vector<MeasuredHost::Part> parts;
  for (const Json& part : json) {
    parts.push_back({part.at("name").get<std::string>(), part.at("device").get<std::string>()});
  }
  return parts;
}

std::string day(const BenchmarkRecord& record) {
  return record.date.substr(0, record.date.find('T'));
}

Json record_json(const BenchmarkRecord& record) {
  return {{"schema", record_schema},
          {"date", record.date},
          {"client_version", record.host.client_version},
          {"build", record.host.build},
          {"processor", record.host.processor},
          {"backends", parts_json(record.host.backends)},
          {"broken", parts_json(record.broken)},
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
  record.host.backends = parsed_parts(json.at("backends"));
  if (json.contains("broken")) record.broken = parsed_parts(json.at("broken"));
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
    try {
      host.backends.push_back({backend->name(), backend->device_identity()});
    } catch (const DeviceError&) {
      // It went between the two questions.
    }
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

std::vector<Exclusion> exclusions(const BenchmarkRecord& record, const std::string& client_version,
                                  const std::string& build, const std::string& processor) {
  const MeasuredHost& then = record.host;
  if (then.processor != processor || then.client_version != client_version || then.build != build) {
    return {};
  }
  std::vector<Exclusion> list;
  for (const MeasuredHost::Part& part : record.broken) {
    list.push_back({part.backend, part.device,
                    "found broken by the benchmark of " + day(record) +
                        " (axiom-client bench checks it again)"});
  }
  return list;
}

BackendPreference preference(const BenchmarkRecord& record, const MeasuredHost& now) {
  const std::string date = day(record);
  if (const std::string other = difference(record.host, now); !other.empty()) {
    return {"",
            "the benchmark of " + date + " was made " + other + ": run axiom-client bench again"};
  }
  if (record.fastest.empty()) return {"", "the benchmark of " + date + " found none to be right"};
  return {record.fastest, "measured fastest by bench on " + date};
}

}  // namespace axiom
