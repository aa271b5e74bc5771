// Versions of the program: MAJOR.MINOR.PATCH.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace axiom {

/// Compared part by part.
using VersionNumber = std::array<std::uint32_t, 3>;

/// Three numbers below 10^6 without leading zeros, joined by dots; nothing for anything else.
std::optional<VersionNumber> parse_version(std::string_view text);

}  // namespace axiom
