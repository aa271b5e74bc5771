#include "client/system/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <span>
#include <stdexcept>

#include "client/system/text.h"

namespace axiom {
namespace {

void digest(const EVP_MD* algorithm, std::string_view bytes, std::span<unsigned char> out) {
  start_cryptography();
  unsigned int length = 0;
  unsigned char buffer[EVP_MAX_MD_SIZE];
  if (EVP_Digest(bytes.data(), bytes.size(), buffer, &length, algorithm, nullptr) != 1 ||
      length != out.size()) {
    throw std::runtime_error(std::string("OpenSSL refuses the digest ") +
                             EVP_MD_get0_name(algorithm));
  }
  std::copy_n(buffer, length, out.begin());
}

}  // namespace

void start_cryptography() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

std::array<unsigned char, 32> sha256(std::string_view bytes) {
  std::array<unsigned char, 32> out;
  digest(EVP_sha256(), bytes, out);
  return out;
}

std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

std::string md5_hex(std::string_view bytes) {
  std::array<unsigned char, 16> out;
  digest(EVP_md5(), bytes, out);
  return hex(out);
}

}  // namespace axiom
