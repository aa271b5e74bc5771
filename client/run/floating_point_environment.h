// The floating-point mode that docs/ARITHMETIC.md asks for.
#pragma once

namespace axiom {

/// Puts the calling thread into the default mode: round to nearest even, subnormals kept, no traps.
/// Throws std::runtime_error if the mode does not hold. Call at the start of every worker.
void set_floating_point_environment();

}  // namespace axiom
