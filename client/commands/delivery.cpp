#include "client/commands/delivery.h"

#include <nlohmann/json.hpp>

#include "client/commands/standard_streams.h"
#include "client/experiments/parameters.h"
#include "client/result/canonical_json.h"
#include "client/result/table.h"
#include "client/system/signals.h"

namespace axiom {
namespace {

// A path is bytes, JSON is UTF-8: what is none is shown as U+FFFD.
Json path_json(const std::string& path) {
  return Json::parse(Json(path).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json json_summary(const ResultPaths& paths, const WrittenResult& written,
                  const Telemetry& telemetry, const FlatMeans& means) {
  Json values = Json::object();
  for (const auto& [key, entry] : means.entries()) {
    values[key] = entry.count == 0 ? Json() : Json(entry.mean);
  }
  return {{"status", "complete"},
          {"result", path_json(paths.result)},
          {"sha256", written.sha256},
          {"kept", written.kept.empty() ? Json() : path_json(written.kept)},
          {"telemetry", telemetry_json(telemetry)},
          {"means", std::move(values)}};
}

}  // namespace

void show_result(const CommandLine& line, const WorkUnit& work, const ResultPaths& paths,
                 const WrittenResult& written, const Telemetry& telemetry, const FlatMeans& means,
                 Console& console) {
  if (line.json) {
    print(canonical_json(json_summary(paths, written, telemetry, means)) + "\n");
    return;
  }
  if (line.quiet) return;
  const std::string_view name = work.experiment->name();
  try {
    print(result_table(name, preset_and_changes(*work.experiment, work.parameters), means,
                       published_texts(name)));
  } catch (const IoError& error) {
    console.warning(error.what());
  }
}

void show_stop(const CommandLine& line, int signal, double fraction, Console& console) {
  console.note("stopped by " + signal_name(signal) + ", checkpoint saved in " + line.out +
               ": the same command resumes");
  if (!line.json) return;
  const Json summary = {{"status", "interrupted"},
                        {"signal", signal},
                        {"fraction", fraction},
                        {"directory", path_json(line.out)}};
  print(canonical_json(summary) + "\n");
}

}  // namespace axiom
