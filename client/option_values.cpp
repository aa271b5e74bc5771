#include "client/option_values.h"

#include <charconv>

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

double parse_seconds(const std::string& option, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() ||
      !(value >= 0.01 && value <= 86400)) {
    throw UsageError(option + ": expected seconds from 0.01 to 86400, got \"" + text + "\"");
  }
  return value;
}

}  // namespace axiom
