#include "client/result/canonical_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace axiom {
namespace {

using Json = nlohmann::json;

void append_number(double value, std::string& text) {
  if (!std::isfinite(value)) {
    throw std::invalid_argument(
        "canonical JSON has no NaN or infinity; undefined numbers are null");
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

void append_string(const Json& value, std::string& text) {
  try {
    text += value.dump();
  } catch (const Json::type_error&) {
    throw std::invalid_argument("canonical JSON: a string is not UTF-8");
  }
}

void append(const Json& value, std::string& text) {
  switch (value.type()) {
    case Json::value_t::object: {
      char separator = '{';
      for (const auto& item : value.items()) {  // a std::map: sorted by bytes
        text += separator;
        append_string(item.key(), text);
        text += ':';
        append(item.value(), text);
        separator = ',';
      }
      text += value.empty() ? "{}" : "}";
      return;
    }
    case Json::value_t::array: {
      char separator = '[';
      for (const Json& item : value) {
        text += separator;
        append(item, text);
        separator = ',';
      }
      text += value.empty() ? "[]" : "]";
      return;
    }
    case Json::value_t::number_float:
      return append_number(value.get<double>(), text);
    case Json::value_t::string:
      return append_string(value, text);
    case Json::value_t::binary:
    case Json::value_t::discarded:
      throw std::invalid_argument("canonical JSON: not a JSON value");
    default:  // null, true, false, integers
      text += value.dump();
  }
}

}  // namespace

std::string canonical_json(const Json& value) {
  std::string text;
  append(value, text);
  return text;
}

}  // namespace axiom
