// Which program this is.
#pragma once

#include <string>

namespace axiom {

std::string client_version();    ///< as in "0.1.0"
std::string build_identifier();  ///< the commit it was built from, or "unversioned"

}  // namespace axiom
