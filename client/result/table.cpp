#include "client/result/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "client/experiments/experiment.h"
#include "client/experiments/published.h"

namespace axiom {
namespace {

using Row = std::vector<std::string>;

// Columns on a terminal: bytes that continue a UTF-8 character take none.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string laid_out(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = "  ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      const bool numeric = i > 0 && i + 1 < row.size();
      line += numeric ? padding + row[i] + "  " : row[i] + padding + "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

PublishedTexts published_texts(std::string_view experiment) {
  PublishedTexts texts;
  for (const PublishedValue& value : published_values(experiment)) {
    texts.emplace(value.key, value.text);
  }
  return texts;
}

std::string readable_number(double value) {
  if (!std::isfinite(value)) return "-";
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e9;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%.5g", value);
  return text.data();
}

std::string result_table(std::string_view experiment, std::string_view preset,
                         const FlatMeans& means, const PublishedTexts& published) {
  const bool several = means.seeds() > 1;
  std::string title = std::string(experiment) + " " + std::string(experiment_version) +
                      ", preset " + std::string(preset) + ", " + std::to_string(means.seeds()) +
                      (several ? " seeds" : " seed") + "\n";
  std::vector<Row> rows;
  rows.push_back(several ? Row{"", "mean", "SD", "published"} : Row{"", "value", "published"});
  for (const auto& [key, entry] : means.entries()) {
    const auto known = published.find(key);
    Row row = {key, entry.count == 0 ? "-" : readable_number(entry.mean)};
    if (several) row.push_back(readable_number(entry.deviation()));
    row.push_back(known == published.end() ? "" : known->second);
    rows.push_back(std::move(row));
  }
  return title + laid_out(rows);
}

}  // namespace axiom
