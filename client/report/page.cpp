#include "client/report/page.h"

#include <cmath>
#include <set>

#include "client/experiments/parameters.h"
#include "client/report/chart.h"
#include "client/report/figures.h"
#include "client/result/canonical_json.h"
#include "client/result/table.h"

namespace axiom {
namespace {

constexpr std::string_view style = R"(
body { font-family: sans-serif; margin: 1.5em auto; max-width: 78em; padding: 0 1em; color: #222; background: #fff }
h2 { margin-top: 2em; border-bottom: 1px solid #ccc }
.figures { display: flex; flex-wrap: wrap; gap: 1em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .2em .8em; text-align: right; border-bottom: 1px solid #eee }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left }
pre { white-space: pre-wrap }
)";

std::string counted(std::size_t count, const std::string& one, const std::string& several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

std::string cell(const char* tag, const std::string& content) {
  return std::string("<") + tag + ">" + xml_escaped(content) + "</" + tag + ">";
}

std::string table(const Study& study, const FlatMeans& means) {
  const PublishedTexts published = published_texts(study.experiment().name());
  std::string html =
      "<table>\n<tr><th>key</th><th>seeds</th><th>mean</th><th>SD</th><th>published</th></tr>\n";
  for (const auto& [key, entry] : means.entries()) {
    const auto known = published.find(key);
    html += "<tr>" + cell("td", key) + cell("td", std::to_string(entry.count)) +
            cell("td", entry.count == 0 ? "-" : readable_number(entry.mean)) +
            cell("td", readable_number(entry.deviation())) +
            cell("td", known == published.end() ? "" : known->second) + "</tr>\n";
  }
  return html + "</table>\n";
}

std::string section(const Study& study, std::size_t number) {
  const FlatMeans means = study.means();
  std::string html = "<section>\n<h2>" + std::to_string(number) + ". " +
                     xml_escaped(study_title(study)) + "</h2>\n<p>" +
                     counted(study.rows().size(), "seed", "seeds") +
                     "</p>\n<div class=\"figures\">\n";
  for (const Figure& figure : figures_of(study, means)) html += svg_chart(figure);
  html += "</div>\n" + table(study, means);
  return html + "<details><summary>Parameters</summary><pre>" +
         xml_escaped(study.parameters().values.dump(1)) + "</pre></details>\n</section>\n";
}

// A key needs no quotes, nor does any number.
std::string csv_number(double value) { return std::isnan(value) ? "" : canonical_json(value); }

}  // namespace

std::string study_title(const Study& study) {
  return std::string(study.experiment().name()) + " " + std::string(experiment_version) +
         ", preset " + preset_and_changes(study.experiment(), study.parameters());
}

std::string report_page(std::span<const Study> studies) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<title>axiom-client report</title>\n<style>" +
      std::string(style) +
      "</style>\n</head>\n<body>\n<h1>axiom-client report</h1>\n"
      "<p>Points are means over the seeds, bars one standard deviation between them. Grey diamonds "
      "are what was published before this program existed, grey bars its range or deviation: "
      "expect the order and the size of effects, not the digits.</p>\n";
  for (std::size_t i = 0; i < studies.size(); ++i) html += section(studies[i], i + 1);
  return html + "</body>\n</html>\n";
}

std::string report_csv(std::span<const Study> studies) {
  std::set<std::string, NaturalOrder> columns;
  for (const Study& study : studies) columns.insert(study.keys().begin(), study.keys().end());
  std::string csv = "study,experiment,experiment_version,preset,seed";
  for (const std::string& column : columns) csv += "," + column;
  csv += "\n";
  for (std::size_t s = 0; s < studies.size(); ++s) {
    const Study& study = studies[s];
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < study.keys().size(); ++i) places[study.keys()[i]] = i;
    for (const auto& [seed, row] : study.rows()) {
      csv += std::to_string(s + 1) + "," + std::string(study.experiment().name()) + "," +
             std::string(experiment_version) + "," + study.parameters().preset + "," +
             std::to_string(seed);
      for (const std::string& column : columns) {
        const auto place = places.find(column);
        csv += "," + (place == places.end() ? "" : csv_number(row.values[place->second]));
      }
      csv += "\n";
    }
  }
  return csv;
}

}  // namespace axiom
