// The work unit that a result file says it came from.
#pragma once

#include <nlohmann/json.hpp>

#include "client/work_unit/work_unit.h"

namespace axiom {

/// From a parsed result file: experiment, preset, parameters and seeds. WorkUnitError if it is not
/// a result of this version or asks for what no work unit may. What no host can refuse is left
/// open: minimum_ram_bytes is 0.
WorkUnit recorded_work(const nlohmann::json& result);

}  // namespace axiom
