#include "client/report/study.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "client/result/canonical_json.h"
#include "client/system/digest.h"

namespace axiom {
namespace {

double number_or_nan(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

std::vector<std::string> flat_keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) {
    if (item.value().is_number() || item.value().is_null()) keys.push_back(item.key());
  }
  std::sort(keys.begin(), keys.end(), NaturalOrder());
  return keys;
}

}  // namespace

ExaminedSeed examined(const Experiment& experiment, std::uint64_t seed, const Json& object,
                      std::size_t source) {
  ExaminedSeed result;
  result.row.seed = seed;
  result.row.digest = sha256_hex(canonical_json(object));
  result.row.source = source;
  result.keys = flat_keys(object);
  for (const std::string& key : result.keys) {
    result.row.values.push_back(number_or_nan(object.at(key)));
  }
  try {
    for (DetailPoint& point : detail_points(experiment.name(), object.at("detail"))) {
      result.point_names.push_back(std::move(point.name));
      result.row.points.push_back(point.y);
    }
  } catch (const Json::exception&) {
    throw std::invalid_argument("\"detail\" of seed " + std::to_string(seed) + " is not what " +
                                std::string(experiment.name()) + " writes");
  }
  return result;
}

void Study::require_consistent(const ExaminedSeed& seed, const ExaminedSeed& first,
                               std::span<const std::string> sources) const {
  const std::string name = std::to_string(seed.row.seed);
  const bool begun = !rows_.empty();
  if (seed.keys != (begun ? keys_ : first.keys) ||
      seed.point_names != (begun ? point_names_ : first.point_names)) {
    throw std::invalid_argument("seed " + name +
                                " has other keys than the seeds before with the same parameters");
  }
  const auto known = rows_.find(seed.row.seed);
  if (known == rows_.end() || known->second.digest == seed.row.digest) return;
  throw ContradictoryResults("seed " + name + " of " + std::string(experiment_->name()) +
                             ": the numbers of '" + sources[known->second.source] + "' and '" +
                             sources[seed.row.source] +
                             "' differ, so one of them was computed wrongly: axiom-client verify "
                             "FILE says which");
}

std::size_t Study::add(std::vector<ExaminedSeed> seeds, std::span<const std::string> sources) {
  for (const ExaminedSeed& seed : seeds) require_consistent(seed, seeds.front(), sources);
  std::size_t repeated = 0;
  for (ExaminedSeed& seed : seeds) {
    if (rows_.empty()) {
      keys_ = std::move(seed.keys);
      point_names_ = std::move(seed.point_names);
    }
    const std::uint64_t number = seed.row.seed;
    if (!rows_.emplace(number, std::move(seed.row)).second) ++repeated;
  }
  return repeated;
}

FlatMeans Study::means() const {
  FlatMeans means;
  for (const auto& [seed, row] : rows_) {
    Json summary = Json::object();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      summary[keys_[i]] = std::isnan(row.values[i]) ? Json() : Json(row.values[i]);
    }
    means.add(summary);
  }
  return means;
}

std::vector<FlatMeans::Entry> Study::point_means() const {
  std::vector<FlatMeans::Entry> means(point_names_.size());
  for (const auto& [seed, row] : rows_) {
    for (std::size_t i = 0; i < means.size(); ++i) {
      if (!std::isnan(row.points[i])) means[i].add(row.points[i]);
    }
  }
  return means;
}

}  // namespace axiom
