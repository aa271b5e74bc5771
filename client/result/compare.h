// Where two results part.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace axiom {

struct Difference {
  std::string path;      ///< as in $.seeds[0].detail.gap
  std::string expected;  ///< the value as JSON, or "nothing"
  std::string found;
};

/// The first difference, in the order of the canonical text; numbers are equal only if all their
/// bits are. Nothing if there is none.
std::optional<Difference> first_difference(const nlohmann::json& expected,
                                           const nlohmann::json& found);

}  // namespace axiom
