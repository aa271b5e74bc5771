// The flat numbers of a result, averaged over its seeds, for reading.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "client/experiments/experiment.h"

namespace axiom {

/// "w32" before "w128": digits within keys compare as numbers.
struct NaturalOrder {
  bool operator()(std::string_view a, std::string_view b) const;
};

class FlatMeans {
 public:
  struct Entry {
    std::size_t count = 0;  ///< seeds in which the number is defined
    double mean = 0;
    double squares = 0;  ///< sum of squared deviations

    /// Takes one more number (Welford 1962).
    void add(double value);
    /// Sample standard deviation; NaN for fewer than two seeds.
    double deviation() const;
  };
  using Entries = std::map<std::string, Entry, NaturalOrder>;

  /// Takes the numbers and nulls at the top level of one seed's summary.
  void add(const Json& summary);
  const Entries& entries() const { return entries_; }
  std::size_t seeds() const { return seeds_; }

 private:
  Entries entries_;
  std::size_t seeds_ = 0;
};

}  // namespace axiom
