#include "client/commands/result_text.h"

#include <stdexcept>
#include <utility>

#include "client/json/strict_json.h"
#include "client/result/result_files.h"
#include "client/upload/gzip.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

ResultText result_text(const std::string& path, std::string bytes) {
  try {
    if (bytes.starts_with("\x1f\x8b")) bytes = gunzip(bytes, maximum_result_bytes);
    nlohmann::json values = parse_strict_json(bytes, {maximum_result_bytes, 32});
    return {std::move(bytes), std::move(values)};
  } catch (const std::runtime_error& error) {  // JsonError, or not one whole gzip member
    throw WorkUnitError(path + ": " + error.what());
  }
}

}  // namespace axiom
