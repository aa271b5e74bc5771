// Which proxy libcurl takes; only for messages: libcurl decides for itself.
#pragma once

#include <string>

namespace axiom {

/// The name of the environment variable whose proxy serves https to `host` (as in Address); empty
/// if there is none, or no_proxy excludes the host.
std::string proxy_variable(const std::string& host);

}  // namespace axiom
