// What the program trusts without being told; chosen when it is built (docs/UPDATES.md, "Keys").
#pragma once

#include <string_view>

namespace axiom {

/// CA certificates in PEM.
std::string_view embedded_ca_bundle();

/// The project's signing keys, as a key list (client/update/key_list.h); empty if the build has
/// none.
std::string_view embedded_key_list();

}  // namespace axiom
