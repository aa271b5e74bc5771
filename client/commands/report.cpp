#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "client/commands/commands.h"
#include "client/commands/errors.h"
#include "client/commands/result_text.h"
#include "client/commands/standard_streams.h"
#include "client/experiments/parameters.h"
#include "client/report/page.h"
#include "client/result/canonical_json.h"
#include "client/result/result_files.h"
#include "client/result/table.h"
#include "client/system/files.h"
#include "client/work_unit/recorded_work.h"

namespace axiom {
namespace {

// As runs, BOINC servers (keep-result) and uploads name them.
bool holds_result(const std::string& name) {
  return is_result_name(name) || name.ends_with(".result.json") ||
         name.ends_with(".result.json.gz") || name.ends_with(".part.json.gz");
}

bool is_directory(FileSystem& files, const std::string& path) {
  if (!files.exists(path) || files.is_file(path)) return false;
  try {
    files.list(path);
    return true;
  } catch (const AccessDeniedError&) {
    throw;
  } catch (const IoError&) {
    return false;  // a pipe: read_file() refuses it
  }
}

// Those of its subdirectories too. Links to directories are not followed: they may lead in circles.
void find_results(FileSystem& files, const std::string& directory,
                  std::vector<std::string>& found) {
  for (const std::string& name : files.list(directory)) {
    const std::string path = directory + "/" + name;
    if (is_directory(files, path)) {
      if (!files.is_link(path)) find_results(files, path, found);
    } else if (holds_result(name)) {
      found.push_back(path);
    }
  }
}

std::vector<std::string> result_files(FileSystem& files, const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    if (!is_directory(files, path)) {
      found.push_back(path);
      continue;
    }
    const std::size_t before = found.size();
    find_results(files, path, found);
    if (found.size() == before) {
      throw WorkUnitError("no results in '" + path +
                          "': expected files named *.result.json, *.result.json.gz or "
                          "*.part.json.gz");
    }
  }
  return found;
}

// However a path is spelled. A link at its end is what would be replaced, not where it leads.
std::filesystem::path place_of(const std::string& path) {
  std::error_code error;
  const std::filesystem::path directory =
      std::filesystem::weakly_canonical(parent_directory(path), error);
  if (error) return path;  // nothing can be written there, which is told then
  return directory / std::filesystem::path(path).filename();
}

// Nothing that is there is worth less than a report on it.
void require_outputs(const ReportOptions& options, const std::vector<std::string>& results) {
  const std::string& csv = options.csv;
  const std::string& html = options.html;
  if (!csv.empty() && !html.empty()) {
    // The page is written after the table.
    for (const std::string& written : {html, temporary_of(html)}) {
      if (place_of(csv) != place_of(written)) continue;
      throw UsageError("--csv and --html: '" + csv + "' cannot be both");
    }
  }
  for (const std::string& output : {csv, html}) {
    if (output.empty()) continue;
    for (const std::string& written : {output, temporary_of(output)}) {
      std::error_code missing;
      if (!std::filesystem::exists(written, missing)) continue;
      for (const std::string& path : results) {
        if (!std::filesystem::equivalent(written, path, missing)) continue;
        throw UsageError("'" + written + "' is a result and cannot be written to");
      }
    }
  }
}

struct Collection {
  std::vector<Study> studies;
  std::vector<std::string> sources;  ///< by number, those left out included
  std::size_t taken = 0;             ///< files
  std::size_t repeated = 0;          ///< seeds that were there already, with the same bytes
  std::size_t skipped = 0;           ///< files

  Study& study_of(const WorkUnit& work) {
    for (Study& study : studies) {
      if (&study.experiment() == work.experiment &&
          study.parameters().preset == work.parameters.preset &&
          study.parameters().values == work.parameters.values) {
        return study;
      }
    }
    return studies.emplace_back(*work.experiment, work.parameters);
  }
};

void add(Collection& collection, FileSystem& files, const std::string& path) {
  const Json result = result_text(path, files.read_file(path, maximum_result_bytes)).values;
  try {
    const WorkUnit work = recorded_work(result);
    const auto status = result.find("status");
    if (status == result.end() || *status != "complete") {
      throw WorkUnitError("\"status\": a result is \"complete\"");
    }
    collection.sources.push_back(path);
    std::vector<ExaminedSeed> seeds;
    for (std::size_t i = 0; i < work.seeds.size(); ++i) {
      seeds.push_back(examined(*work.experiment, work.seeds[i], result.at("seeds").at(i),
                               collection.sources.size() - 1));
    }
    collection.repeated += collection.study_of(work).add(std::move(seeds), collection.sources);
    ++collection.taken;
  } catch (const WorkUnitError& error) {
    throw WorkUnitError(path + ": " + error.what());
  } catch (const std::invalid_argument& error) {
    throw WorkUnitError(path + ": " + error.what());
  }
}

// Whatever the order of the files.
std::pair<std::string, std::string> order_of(const Study& study) {
  return {study_title(study), canonical_json(study.parameters().values)};
}

Collection collected(const CommandLine& line, FileSystem& files) {
  Collection collection;
  const std::vector<std::string> results = result_files(files, line.report.paths);
  require_outputs(line.report, results);
  for (const std::string& path : results) {
    try {
      add(collection, files, path);
    } catch (const WorkUnitError& error) {
      if (!line.report.skip_damaged) throw;
      print_diagnostic("warning", "left out: " + std::string(error.what()));
      ++collection.skipped;
    }
  }
  std::erase_if(collection.studies, [](const Study& study) { return study.rows().empty(); });
  if (collection.studies.empty()) throw WorkUnitError("no result is left to report on");
  std::sort(collection.studies.begin(), collection.studies.end(),
            [](const Study& a, const Study& b) { return order_of(a) < order_of(b); });
  return collection;
}

Json study_json(const Study& study) {
  Json keys = Json::object();
  const FlatMeans means = study.means();
  for (const auto& [key, entry] : means.entries()) {
    keys[key] = {{"seeds", entry.count},
                 {"mean", entry.count == 0 ? Json() : Json(entry.mean)},
                 {"sd", entry.count < 2 ? Json() : Json(entry.deviation())}};
  }
  return {{"experiment", study.experiment().name()},
          {"experiment_version", experiment_version},
          {"preset", study.parameters().preset},
          {"parameters", study.parameters().values},
          {"seeds", study.rows().size()},
          {"keys", std::move(keys)}};
}

std::string summary(const Collection& collection) {
  std::size_t seeds = 0;
  for (const Study& study : collection.studies) seeds += study.rows().size();
  std::string text = "files: " + std::to_string(collection.taken) +
                     ", seeds: " + std::to_string(seeds) +
                     ", seen again with the same bytes: " + std::to_string(collection.repeated);
  if (collection.skipped > 0) text += ", files left out: " + std::to_string(collection.skipped);
  return text + "\n";
}

void print_report(const CommandLine& line, const Collection& collection) {
  if (line.json) {
    Json studies = Json::array();
    for (const Study& study : collection.studies) studies.push_back(study_json(study));
    print(canonical_json({{"schema", 1},
                          {"files", collection.taken},
                          {"repeated", collection.repeated},
                          {"left_out", collection.skipped},
                          {"studies", std::move(studies)}}) +
          "\n");
    return;
  }
  if (line.quiet) return;
  std::size_t number = 0;
  for (const Study& study : collection.studies) {
    const std::string_view name = study.experiment().name();
    print("study " + std::to_string(++number) + ": " + canonical_json(study.parameters().values) +
          "\n");
    print(result_table(name, preset_and_changes(study.experiment(), study.parameters()),
                       study.means(), published_texts(name)) +
          "\n");
  }
  print(summary(collection));
}

}  // namespace

ExitCode report_results(const CommandLine& line) {
  FileSystem& files = real_file_system();
  for (const std::string& output : {line.report.csv, line.report.html}) {
    if (!output.empty()) files.require_writable(output);
  }
  try {
    const Collection collection = collected(line, files);
    if (!line.report.csv.empty()) {
      files.write_durably(line.report.csv, report_csv(collection.studies));
    }
    if (!line.report.html.empty()) {
      files.write_durably(line.report.html, report_page(collection.studies));
    }
    print_report(line, collection);
    return collection.skipped == 0 ? ExitCode::ok : ExitCode::invalid_input;
  } catch (const ContradictoryResults& error) {
    print_diagnostic("error", error.what());
    return ExitCode::verify_differs;
  }
}

}  // namespace axiom
