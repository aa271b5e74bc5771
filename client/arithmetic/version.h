// Which definition of the arithmetic (docs/ARITHMETIC.md) a program computes by.
#pragma once

#include <string_view>

namespace axiom {

/// Raised by any change of the definition that alters a bit of a result.
inline constexpr std::string_view arithmetic_version = "1";

}  // namespace axiom
