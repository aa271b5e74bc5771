// Values of options, from text.
#pragma once

#include <cstdint>
#include <string>

namespace axiom {

/// Decimal digits only. UsageError, which names the option and the bounds.
std::uint64_t parse_integer(const std::string& option, const std::string& text,
                            std::uint64_t minimum, std::uint64_t maximum);

/// Decimal, between the bounds. UsageError, likewise, with the unit.
double parse_decimal(const std::string& option, const std::string& text, const std::string& unit,
                     double minimum, double maximum);
double parse_seconds(const std::string& option, const std::string& text, double minimum = 0.01,
                     double maximum = 86400);

}  // namespace axiom
