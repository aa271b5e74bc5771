// A result file as commands read it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace axiom {

struct ResultText {
  std::string text;  ///< unpacked
  nlohmann::json values;
};

/// Of a result file's bytes, as runs write them or packed by gzip. WorkUnitError, with the path, if
/// they are not JSON.
ResultText result_text(const std::string& path, std::string bytes);

}  // namespace axiom
