// One text per value: the form in which results are written and digested.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace axiom {

/// Keys sorted by bytes, no white space, UTF-8, integers in decimal, binary64 numbers as the
/// shortest decimals that read back as the same bits (1.0 is `1`). No LF at the end.
/// Throws std::invalid_argument for NaN, infinity, bytes that are not UTF-8 or binary values.
std::string canonical_json(const nlohmann::json& value);

}  // namespace axiom
