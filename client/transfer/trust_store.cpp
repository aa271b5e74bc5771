#include "client/transfer/trust_store.h"

#include <cstdlib>

namespace axiom {
namespace {

constexpr std::size_t maximum_store_bytes = 8'000'000;  // libcurl takes no more

bool holds_certificate(std::string_view text) {
  return text.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos;
}

}  // namespace

TrustStore choose_trust_store(FileSystem& files, const std::string& ca_file,
                              const std::vector<std::string>& system_stores,
                              std::string_view embedded) {
  TrustStore bundle{std::string(embedded), "the bundle within this program", true};
  if (ca_file == "embedded") return bundle;
  if (!ca_file.empty()) {
    TrustStore chosen{files.read(ca_file, maximum_store_bytes), "'" + ca_file + "'"};
    if (!holds_certificate(chosen.certificates)) {
      throw IoError("'" + ca_file + "' (--ca-file) holds no certificate in PEM format");
    }
    return chosen;
  }
  for (const std::string& path : system_stores) {
    try {
      TrustStore found{files.read_file(path, maximum_store_bytes), "'" + path + "'"};
      if (holds_certificate(found.certificates)) return found;
    } catch (const IoError&) {
      // A host without this store, or one that may not read it: the next one serves.
    }
  }
  // One store alone was asked for: whoever set $SSL_CERT_FILE is to hear that it does not count.
  if (system_stores.size() == 1) {
    bundle.source += " ('" + system_stores.front() + "' holds no certificate that can be read)";
  }
  return bundle;
}

std::vector<std::string> system_trust_stores() {
  if (const char* chosen = std::getenv("SSL_CERT_FILE"); chosen != nullptr && *chosen != '\0') {
    return {chosen};
  }
  return {"/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch, Alpine
          "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and later
          "/etc/ssl/ca-bundle.pem",                             // SUSE
          "/etc/ssl/cert.pem"};                                 // BSD, older Alpine
}

}  // namespace axiom
