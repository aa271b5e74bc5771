// Values of options, from text.
#pragma once

#include <cstdint>
#include <string>

namespace axiom {

/// Decimal digits only. UsageError, which names the option and the bounds.
std::uint64_t parse_integer(const std::string& option, const std::string& text,
                            std::uint64_t minimum, std::uint64_t maximum);

/// 0.01 to 86400. UsageError.
double parse_seconds(const std::string& option, const std::string& text);

}  // namespace axiom
