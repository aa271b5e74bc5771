// For the log and the telemetry.
#pragma once

#include <string>

namespace axiom {

/// The processor's own name, as "AMD EPYC 9B45"; "unknown" if it does not tell.
std::string processor_name();

}  // namespace axiom
