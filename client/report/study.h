// Seeds of one experiment with the same parameters, from any number of result files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "client/experiments/experiment.h"
#include "client/report/detail_points.h"
#include "client/result/flat_means.h"

namespace axiom {

/// Two results of the same seed are not equal: one of them was computed wrongly.
class ContradictoryResults : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A seed's numbers, in the order of the study's names.
struct SeedRow {
  std::uint64_t seed = 0;
  std::string digest;          ///< SHA-256 of the seed's canonical JSON
  std::size_t source = 0;      ///< number of the file that it came from
  std::vector<double> values;  ///< NaN where the result has null
  std::vector<double> points;  ///< likewise
};

/// A seed's numbers and what they are called.
struct ExaminedSeed {
  SeedRow row;
  std::vector<std::string> keys;
  std::vector<PointName> point_names;
};

/// Of a seed's object of a result file. std::invalid_argument if its "detail" is not what the
/// experiment writes, or a number too large to be one of its. `source`: number of the file.
ExaminedSeed examined(const Experiment& experiment, std::uint64_t seed, const Json& object,
                      std::size_t source);

class Study {
 public:
  Study(const Experiment& experiment, Parameters parameters);

  /// Takes the seeds of a file, all or, if it throws, none; returns how many were there already
  /// with the same bytes. ContradictoryResults if one is there with others: `sources` names the
  /// files. std::invalid_argument if one has other keys than the experiment writes.
  std::size_t add(std::vector<ExaminedSeed> seeds, std::span<const std::string> sources);

  const Experiment& experiment() const { return *experiment_; }
  const Parameters& parameters() const { return parameters_; }
  /// Flat keys, in their natural order.
  const std::vector<std::string>& keys() const { return keys_; }
  /// What the points of a row are.
  const std::vector<PointName>& point_names() const { return point_names_; }
  /// By seed.
  const std::map<std::uint64_t, SeedRow>& rows() const { return rows_; }

  /// Mean and deviation over the seeds, in the order of the seeds: whatever the files were.
  FlatMeans means() const;
  std::vector<FlatMeans::Entry> point_means() const;

 private:
  void require_consistent(const ExaminedSeed& seed, std::span<const std::string> sources) const;

  const Experiment* experiment_;
  Parameters parameters_;
  std::vector<std::string> keys_;
  std::vector<PointName> point_names_;
  std::map<std::uint64_t, SeedRow> rows_;
};

}  // namespace axiom
