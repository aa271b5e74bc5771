#include "client/commands/work_unit_source.h"

#include <string>

#include "client/commands/backend_choice.h"
#include "client/json/strict_json.h"
#include "client/result/canonical_json.h"
#include "client/system/files.h"
#include "client/work_unit/host_identifier.h"

namespace axiom {
namespace {

Json parsed_overrides(const CommandLine& line) {
  Json overrides = Json::object();
  for (const std::string& text : line.overrides) {
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (equals == std::string::npos || key.empty()) {
      throw UsageError("--set: expected KEY=JSON, got \"" + text + "\"");
    }
    if (overrides.contains(key)) throw UsageError("--set: " + key + " is given twice");
    try {
      overrides[key] = parse_strict_json(text.substr(equals + 1), {4096, 4});
    } catch (const JsonError& error) {
      throw UsageError("--set " + text + ": " + error.what());
    }
  }
  return overrides;
}

std::string work_unit_text(const CommandLine& line) {
  Json unit = {{"schema", work_unit_schema},
               {"experiment", line.experiment},
               {"experiment_version", experiment_version},
               {"seed", line.seed},
               {"parameters", parsed_overrides(line)}};
  if (line.seeds) unit["seeds"] = *line.seeds;
  if (line.preset) unit["preset"] = *line.preset;
  return unit.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

WorkUnit requested_work(const CommandLine& line) {
  return requested_work(line,
                        [&] { return host_identifier(real_file_system(), data_directory(line)); });
}

WorkUnit requested_work(const CommandLine& line, const HostIdentifier& identifier) {
  if (line.work_unit.empty()) return parse_work_unit(work_unit_text(line), identifier);
  const std::string text = real_file_system().read(line.work_unit, maximum_work_unit_bytes);
  try {
    return parse_work_unit(text, identifier);
  } catch (const WorkUnitError& error) {
    throw WorkUnitError(line.work_unit + ": " + error.what());
  }
}

}  // namespace axiom
