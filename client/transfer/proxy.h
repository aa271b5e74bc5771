// Which proxy a transfer takes. libcurl reads its address from the environment; whether no_proxy
// excludes a host is decided here, since versions of libcurl differ in that.
#pragma once

#include <string>

namespace axiom {

struct Proxy {
  std::string variable;    ///< the environment variable that names it; empty: there is none
  bool encrypted = false;  ///< itself spoken to by TLS
};

/// Whether no_proxy names `host` (as in Address), a domain that it is in, or its network.
bool no_proxy_for(const std::string& host);

/// That serves https to `host` (as in Address); none if no_proxy excludes the host.
Proxy proxy_for(const std::string& host);

}  // namespace axiom
