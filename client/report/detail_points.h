// What figures show of a seed's "detail": curves over epochs and over sizes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/experiments/experiment.h"

namespace axiom {

struct PointName {
  std::string figure;  ///< as detail_figures() names them
  std::string series;
  double x = 0;
  bool operator==(const PointName&) const = default;
};

struct DetailPoint {
  PointName name;
  double y = 0;  ///< NaN if undefined
};

/// Means over a seed's networks, in an order that depends on the parameters alone. Empty where the
/// experiment has no such figure. Json::exception if `detail` is not what the experiment writes.
std::vector<DetailPoint> detail_points(std::string_view experiment, const Json& detail);

}  // namespace axiom
