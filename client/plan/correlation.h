// What the definition of a correlation needs beyond its formula.
#pragma once

namespace axiom {

/// Population standard deviations below it count as it.
inline constexpr double least_standard_deviation = 1e-9;

}  // namespace axiom
