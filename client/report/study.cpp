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

// No experiment comes near, and the squares of what is smaller can be added up.
constexpr double out_of_reach = 1e150;

void require_within_reach(std::uint64_t seed, std::span<const double> numbers) {
  if (std::none_of(numbers.begin(), numbers.end(),
                   [](double number) { return std::fabs(number) > out_of_reach; })) {
    return;
  }
  throw std::invalid_argument("seed " + std::to_string(seed) +
                              " has a number beyond 1e150, which no experiment gives");
}

std::vector<std::string> flat_keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) {
    if (item.value().is_number() || item.value().is_null()) keys.push_back(item.key());
  }
  std::sort(keys.begin(), keys.end(), NaturalOrder());
  return keys;
}

// A seed's object in which nothing is defined: its keys are those of any result of the experiment.
Json undefined_summary(const Experiment& experiment, const Parameters& parameters) {
  const SeedPlan plan = experiment.plan(parameters, 0);
  std::vector<GroupValues> values;
  for (const Group& group : plan.groups) {
    values.emplace_back(group.measured_steps.size() * group.values_per_measurement,
                        std::numeric_limits<double>::quiet_NaN());
  }
  return experiment.summarize(parameters, plan, values);
}

// In both, the keys are in their natural order.
void require_keys(std::string_view experiment, std::uint64_t seed,
                  std::span<const std::string> found, std::span<const std::string> expected) {
  const auto [here, there] =
      std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  if (here == found.end() && there == expected.end()) return;
  const bool missing =
      here == found.end() || (there != expected.end() && NaturalOrder()(*there, *here));
  const std::string who = "seed " + std::to_string(seed);
  if (missing) throw std::invalid_argument(who + " has no number \"" + *there + "\"");
  constexpr std::size_t longest = 60;
  throw std::invalid_argument(who + " has \"" + here->substr(0, longest) + "\", which " +
                              std::string(experiment) + " does not write with these parameters");
}

std::invalid_argument foreign_detail(const Experiment& experiment, std::uint64_t seed) {
  return std::invalid_argument("\"detail\" of seed " + std::to_string(seed) + " is not what " +
                               std::string(experiment.name()) + " writes");
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
    throw foreign_detail(experiment, seed);
  }
  require_within_reach(seed, result.row.values);
  require_within_reach(seed, result.row.points);
  return result;
}

Study::Study(const Experiment& experiment, Parameters parameters)
    : experiment_(&experiment), parameters_(std::move(parameters)) {
  ExaminedSeed example = examined(experiment, 0, undefined_summary(experiment, parameters_), 0);
  keys_ = std::move(example.keys);
  point_names_ = std::move(example.point_names);
}

void Study::require_consistent(const ExaminedSeed& seed,
                               std::span<const std::string> sources) const {
  require_keys(experiment_->name(), seed.row.seed, seed.keys, keys_);
  if (seed.point_names != point_names_) throw foreign_detail(*experiment_, seed.row.seed);
  const auto known = rows_.find(seed.row.seed);
  if (known == rows_.end() || known->second.digest == seed.row.digest) return;
  throw ContradictoryResults("seed " + std::to_string(seed.row.seed) + " of " +
                             std::string(experiment_->name()) + ": the numbers of '" +
                             sources[known->second.source] + "' and '" + sources[seed.row.source] +
                             "' differ, so one of them was computed wrongly: axiom-client verify "
                             "FILE says which");
}

std::size_t Study::add(std::vector<ExaminedSeed> seeds, std::span<const std::string> sources) {
  for (const ExaminedSeed& seed : seeds) require_consistent(seed, sources);
  std::size_t repeated = 0;
  for (ExaminedSeed& seed : seeds) {
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
