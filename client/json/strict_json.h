// JSON from untrusted sources: bounded, and without the liberties that parsers usually take.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace axiom {

/// A text is no JSON, or more than is allowed; one line, without control characters.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct JsonLimits {
  std::size_t bytes;  ///< of the whole text
  int depth;          ///< of arrays and objects within each other
};

/// Parses one JSON value. JsonError if the text is empty, too long, nested too deeply, not UTF-8,
/// truncated, followed by anything but white space, or has a NUL byte, a duplicate key or a number
/// beyond binary64.
nlohmann::json parse_strict_json(std::string_view text, const JsonLimits& limits);

/// A value as shown in an error message: JSON in ASCII, cut after about 60 characters.
std::string shown(const nlohmann::json& value);

}  // namespace axiom
