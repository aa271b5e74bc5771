// Who is at the other end: what libcurl is told to verify, and what it does not by itself.
#pragma once

#include <memory>
#include <string>

#include "client/system/memory_file.h"
#include "client/transfer/curl_library.h"

namespace axiom {

/// Chain and host name, TLS 1.2 or later, 112 bits of security; of a proxy by TLS likewise. All of
/// it overrides what OpenSSL's configuration file of the host says.
void verify_always(CURL* curl);

/// The CA certificates to trust, as PEM.
/// REQUIRES: `certificates` and what is returned outlive the transfer.
std::unique_ptr<MemoryFile> set_ca_certificates(CURL* curl, const std::string& certificates);

/// Whether the server's certificate has no subjectAltName of a host. libcurl takes the subject's
/// common name then, which an authority that is limited to certain names is free to choose. False
/// for a connection that was kept, since it was new once. REQUIRES: the option CURLOPT_CERTINFO.
bool lacks_host_names(CURL* curl);

}  // namespace axiom
