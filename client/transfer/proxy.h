// Which proxy libcurl takes; only for messages: libcurl decides for itself.
#pragma once

#include <string>

namespace axiom {

struct Proxy {
  std::string variable;    ///< the environment variable that names it; empty: there is none
  bool encrypted = false;  ///< itself spoken to by TLS
};

/// That serves https to `host` (as in Address); none if no_proxy excludes the host.
Proxy proxy_for(const std::string& host);

}  // namespace axiom
