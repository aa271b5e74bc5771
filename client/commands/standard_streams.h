// Standard output and error, whatever the caller has done to them.
#pragma once

#include <string_view>

namespace axiom {

/// Call before any file is opened: a result file must not take the place of a closed standard
/// output. A reader that goes away is an error of the write then, not a signal.
void secure_standard_streams();

/// Writes to standard output. IoError if it does not get there.
void print(std::string_view text);

}  // namespace axiom
