#include "client/option_values.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "client/command_line.h"

namespace axiom {

std::uint64_t parse_integer(const std::string& option, const std::string& text,
                            std::uint64_t minimum, std::uint64_t maximum) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < minimum ||
      value > maximum) {
    throw UsageError(option + ": expected an integer from " + std::to_string(minimum) + " to " +
                     std::to_string(maximum) + ", got \"" + text + "\"");
  }
  return value;
}

double parse_decimal(const std::string& option, const std::string& text, const std::string& unit,
                     double minimum, double maximum) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() ||
      !(value >= minimum && value <= maximum)) {
    std::array<char, 64> bounds{};
    std::snprintf(bounds.data(), bounds.size(), "%g to %g", minimum, maximum);
    throw UsageError(option + ": expected " + unit + " from " + bounds.data() + ", got \"" + text +
                     "\"");
  }
  return value;
}

double parse_seconds(const std::string& option, const std::string& text, double minimum,
                     double maximum) {
  return parse_decimal(option, text, "seconds", minimum, maximum);
}

}  // namespace axiom
