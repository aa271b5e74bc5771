// Whether this program is the one that the project signed.
#pragma once

#include <string>

namespace axiom {

/// "signed: axiom-client executable VERSION", or empty if the packaging put no signature into this
/// executable. UpdateError (executable_damaged) if it is there and does not fit.
std::string signature_line();

}  // namespace axiom
