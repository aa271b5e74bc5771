// For the log and the telemetry.
#pragma once

#include <string>

namespace axiom {

/// The processor's own name, as "AMD EPYC 9B45"; "unknown" if it does not tell.
std::string processor_name();

/// Which of the instruction sets that this program can use are there, as "AVX-512 F, AVX2 with
/// FMA".
std::string processor_features();

}  // namespace axiom
