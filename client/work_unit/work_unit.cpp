#include "client/work_unit/work_unit.h"

#include <algorithm>
#include <array>
#include <span>

#include "client/json/strict_json.h"
#include "client/result/canonical_json.h"
#include "client/system/digest.h"
#include "client/work_unit/seed_rule.h"

namespace axiom {
namespace {

constexpr std::array<std::string_view, 9> known_keys = {
    "schema", "name",   "experiment", "experiment_version", "seed",
    "seeds",  "preset", "parameters", "minimum_ram_bytes"};

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

[[noreturn]] void refuse(std::string_view key, const std::string& expected, const Json& value) {
  throw WorkUnitError("\"" + std::string(key) + "\": expected " + expected + ", got " +
                      shown(value));
}

void check_keys(const Json& unit) {
  for (const auto& item : unit.items()) {
    if (std::find(known_keys.begin(), known_keys.end(), item.key()) == known_keys.end()) {
      throw WorkUnitError("unknown key " + shown(item.key()) + " (known: " + joined(known_keys) +
                          ")");
    }
  }
}

const Json& required(const Json& unit, std::string_view key, std::string_view advice) {
  const auto found = unit.find(key);
  if (found == unit.end()) {
    throw WorkUnitError("missing key \"" + std::string(key) + "\": " + std::string(advice));
  }
  return *found;
}

std::uint64_t integer(const Json& value, std::string_view key, std::uint64_t minimum,
                      std::uint64_t maximum) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < minimum ||
      value.get<std::uint64_t>() > maximum) {
    refuse(key, "an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum),
           value);
  }
  return value.get<std::uint64_t>();
}

void check_versions(const Json& unit) {
  const std::string schema = std::to_string(work_unit_schema);
  const Json& found_schema = required(unit, "schema", "this program reads schema " + schema);
  if (!found_schema.is_number_unsigned() || found_schema != work_unit_schema) {
    refuse("schema", schema + " (another one needs another version of this program)", found_schema);
  }
  const std::string version(experiment_version);
  const Json& found_version =
      required(unit, "experiment_version", "this program computes version \"" + version + "\"");
  if (!found_version.is_string() || found_version != version) {
    refuse("experiment_version",
           "\"" + version + "\" (another one needs another version of this program)",
           found_version);
  }
}

std::string parse_name(const Json& unit) {
  const auto found = unit.find("name");
  if (found == unit.end()) return {};
  const std::string expected = "a string of 1 to 256 printable ASCII characters";
  if (!found->is_string()) refuse("name", expected, *found);
  std::string name = *found;
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (name.empty() || name.size() > 256 || !printable) refuse("name", expected, *found);
  return name;
}

const Experiment& parse_experiment(const Json& unit) {
  std::vector<std::string_view> names;
  for (const Experiment* experiment : experiments()) names.push_back(experiment->name());
  const Json& value = required(unit, "experiment", "one of " + joined(names));
  const Experiment* found =
      value.is_string() ? find_experiment(value.get_ref<const std::string&>()) : nullptr;
  if (found == nullptr) refuse("experiment", "one of " + joined(names), value);
  return *found;
}

std::uint64_t parse_seed(const Json& unit, const std::string& name,
                         const HostIdentifier& host_identifier) {
  const std::string expected =
      "an integer from 0 to 18446744073709551615, {\"from\":\"name\"} or {\"from\":\"host\"}";
  const Json& value = required(unit, "seed", "there is no default; " + expected);
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_object() || value.size() != 1 || !value.contains("from")) {
    refuse("seed", expected, value);
  }
  const Json& from = value["from"];
  if (from != "name" && from != "host") refuse("seed", expected, value);
  if (name.empty()) {
    throw WorkUnitError("\"seed\": " + shown(value) + " needs the key \"name\"");
  }
  return from == "name" ? seed_from_name(name) : seed_from_host(host_identifier(), name);
}

Parameters parse_parameters(const Json& unit, const Experiment& experiment) {
  std::string preset = "default";
  if (const auto found = unit.find("preset"); found != unit.end()) {
    if (!found->is_string()) refuse("preset", "a string", *found);
    preset = *found;
  }
  Json overrides = Json::object();
  if (const auto found = unit.find("parameters"); found != unit.end()) {
    if (!found->is_object()) refuse("parameters", "an object", *found);
    overrides = *found;
  }
  try {
    return checked_parameters(experiment, preset, overrides);
  } catch (const std::invalid_argument& error) {
    throw WorkUnitError(error.what());
  }
}

Json parse_object(std::string_view text) {
  constexpr int depth = 8;  // an object of objects of lists, and some to spare
  try {
    return parse_strict_json(text, {maximum_work_unit_bytes, depth});
  } catch (const JsonError& error) {
    throw WorkUnitError(error.what());
  }
}

}  // namespace

WorkUnit parse_work_unit(std::string_view text, const HostIdentifier& host_identifier) {
  const Json unit = parse_object(text);
  if (!unit.is_object()) throw WorkUnitError("expected a JSON object, got " + shown(unit));
  check_keys(unit);
  check_versions(unit);
  WorkUnit work;
  work.name = parse_name(unit);
  work.experiment = &parse_experiment(unit);
  work.parameters = parse_parameters(unit, *work.experiment);
  if (const auto found = unit.find("minimum_ram_bytes"); found != unit.end()) {
    work.minimum_ram_bytes = integer(*found, "minimum_ram_bytes", 0, std::uint64_t{1} << 50);
  }
  std::uint64_t count = 1;
  if (const auto found = unit.find("seeds"); found != unit.end()) {
    count = integer(*found, "seeds", 1, maximum_seeds);
  }
  work.seeds = resolved_seeds(parse_seed(unit, work.name, host_identifier),
                              static_cast<std::uint32_t>(count));
  return work;
}

std::string work_digest(const WorkUnit& work) {
  Json seeds = Json::array();
  for (const std::uint64_t seed : work.seeds) seeds.push_back(seed);
  return sha256_hex(canonical_json({{"experiment", work.experiment->name()},
                                    {"experiment_version", experiment_version},
                                    {"preset", work.parameters.preset},
                                    {"parameters", work.parameters.values},
                                    {"seeds", std::move(seeds)}}));
}

}  // namespace axiom
