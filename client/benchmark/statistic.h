// Several measurements of one thing.
#pragma once

#include <vector>

namespace axiom {

struct Statistic {
  int runs = 0;
  double median = 0;
  double spread = 0;   ///< (highest − lowest) / median
  double highest = 0;  ///< of rates: the run that other programs disturbed least
};

/// All zero without samples.
Statistic statistic(std::vector<double> samples);

}  // namespace axiom
