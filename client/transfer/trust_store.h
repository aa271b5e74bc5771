// Which certificate authorities are believed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/system/files.h"

namespace axiom {

/// Certificates in PEM, and where they come from (for messages).
struct TrustStore {
  std::string certificates;
  std::string source;
  bool embedded = false;  ///< the bundle within this program
};

/// `ca_file` alone if it is given ("embedded" = the bundle within this program); else the first
/// of `system_stores` that holds a certificate; else the embedded bundle. IoError if the file that
/// was asked for is unreadable or holds no certificate.
TrustStore choose_trust_store(FileSystem& files, const std::string& ca_file,
                              const std::vector<std::string>& system_stores,
                              std::string_view embedded);

/// Where systems keep their certificate authorities; only $SSL_CERT_FILE if that is set and not
/// empty.
std::vector<std::string> system_trust_stores();

}  // namespace axiom
