#include "client/transfer/verification.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <new>
#include <string_view>

#include "client/system/digest.h"
#include "client/transfer/curl_option.h"

namespace axiom {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

// In PEM, as libcurl hands it over beside what it makes of it; empty if there is none.
std::string_view certificate_of_the_server(CURL* curl) {
  const curl_certinfo* chain = nullptr;
  if (curl_library().easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
      chain == nullptr || chain->num_of_certs < 1) {
    return {};
  }
  constexpr std::string_view label = "Cert:";
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    if (text.starts_with(label)) return text.substr(label.size());
  }
  return {};
}

}  // namespace

void verify_always(CURL* curl) {
  set_option(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  set_option(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  set_option(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // Level 2: 112 bits of security, RSA from 2048 bits, no SHA-1 signatures.
  set_option(curl, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=2");
  set_option(curl, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  // Likewise a proxy that is spoken to by TLS.
  set_option(curl, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
  set_option(curl, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
  set_option(curl, CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set_option(curl, CURLOPT_PROXY_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=2");
  set_option(curl, CURLOPT_PROXY_CAPATH, static_cast<char*>(nullptr));
}

std::unique_ptr<MemoryFile> set_ca_certificates(CURL* curl, const std::string& certificates) {
  if (curl_library().version >= 0x074d00) {
    curl_blob blob{const_cast<char*>(certificates.data()), certificates.size(), CURL_BLOB_NOCOPY};
    set_option(curl, CURLOPT_CAINFO_BLOB, &blob);
    set_option(curl, CURLOPT_PROXY_CAINFO_BLOB, &blob);
    return nullptr;
  }
  auto file = std::make_unique<MemoryFile>(certificates);
  set_option(curl, CURLOPT_CAINFO, file->path().c_str());
  set_option(curl, CURLOPT_PROXY_CAINFO, file->path().c_str());
  return file;
}

bool lacks_host_names(CURL* curl) {
  const std::string_view text = certificate_of_the_server(curl);
  if (text.empty()) return false;
  start_cryptography();
  const std::unique_ptr<BIO, Free> bytes(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bytes) throw std::bad_alloc();
  const std::unique_ptr<X509, Free> certificate(
      PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr));
  if (!certificate) return true;
  const std::unique_ptr<GENERAL_NAMES, Free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const int type = sk_GENERAL_NAME_value(names.get(), i)->type;
    if (type == GEN_DNS || type == GEN_IPADD) return false;
  }
  return true;
}

}  // namespace axiom
