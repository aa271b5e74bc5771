#include "client/work_unit/recorded_work.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "client/json/strict_json.h"

namespace axiom {
namespace {

const Json& member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) {
    throw WorkUnitError("not a result file: missing key \"" + std::string(key) + "\"");
  }
  return *found;
}

void require_value(const Json& result, const char* key, const Json& expected) {
  const Json& found = member(result, key);
  if (found == expected) return;
  throw WorkUnitError("\"" + std::string(key) + "\": this program verifies " + shown(expected) +
                      ", the file has " + shown(found));
}

std::uint64_t parse_seed(const Json& entry) {
  const Json& value = member(entry, "seed");
  std::uint64_t seed = 0;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, seed);
    if (error == std::errc() && stop == end && std::to_string(seed) == text) return seed;
  }
  throw WorkUnitError("\"seed\": expected an unsigned 64-bit integer as a decimal string, got " +
                      shown(value));
}

Parameters parse_parameters(const Json& result, const Experiment& experiment) {
  const Json& preset = member(result, "preset");
  const Json& overrides = member(result, "parameters");
  if (!preset.is_string() || !overrides.is_object()) {
    throw WorkUnitError("not a result file: \"preset\" or \"parameters\" is of the wrong type");
  }
  try {
    return checked_parameters(experiment, preset.get_ref<const std::string&>(), overrides);
  } catch (const std::invalid_argument& error) {
    throw WorkUnitError(error.what());
  }
}

// Counted twice, a seed would weigh twice in what is drawn from the file.
void require_distinct(std::vector<std::uint64_t> seeds) {
  std::sort(seeds.begin(), seeds.end());
  const auto twice = std::adjacent_find(seeds.begin(), seeds.end());
  if (twice == seeds.end()) return;
  throw WorkUnitError("\"seeds\": " + std::to_string(*twice) +
                      " is there twice, which no work unit gives");
}

}  // namespace

WorkUnit recorded_work(const Json& result) {
  if (!result.is_object()) throw WorkUnitError("not a result file: no JSON object");
  require_value(result, "schema", 1);
  require_value(result, "experiment_version", experiment_version);
  WorkUnit work;
  work.minimum_ram_bytes = 0;
  const Json& name = member(result, "experiment");
  if (name.is_string()) work.experiment = find_experiment(name.get_ref<const std::string&>());
  if (work.experiment == nullptr) throw WorkUnitError("unknown experiment " + shown(name));
  work.parameters = parse_parameters(result, *work.experiment);
  const Json& seeds = member(result, "seeds");
  if (!seeds.is_array() || seeds.empty() || seeds.size() > maximum_seeds) {
    throw WorkUnitError("not a result file: \"seeds\" must be a list of 1 to " +
                        std::to_string(maximum_seeds) + " objects");
  }
  for (const Json& entry : seeds) {
    if (!entry.is_object()) throw WorkUnitError("not a result file: a seed is no object");
    work.seeds.push_back(parse_seed(entry));
  }
  require_distinct(work.seeds);
  return work;
}

}  // namespace axiom
