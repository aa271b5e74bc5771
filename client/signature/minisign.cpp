#include "client/signature/minisign.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "client/system/base64.h"
#include "client/system/digest.h"

namespace axiom {
namespace {

constexpr std::string_view untrusted_prefix = "untrusted comment: ";
constexpr std::string_view trusted_prefix = "trusted comment: ";
constexpr std::size_t maximum_signatures = 16;

[[noreturn]] void malformed(const std::string& what) {
  throw SignatureError(SignatureFailure::malformed, what);
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) malformed("the signature ends in the middle of a line");
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);  // of a file that has been on Windows
  return line;
}

template <std::size_t size>
void take(std::string_view& bytes, std::array<unsigned char, size>& out) {
  std::copy_n(bytes.begin(), size, out.begin());
  bytes.remove_prefix(size);
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

bool ed25519_verifies(std::span<const unsigned char> message,
                      std::span<const unsigned char> signature, const PublicKey& key) {
  start_cryptography();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> public_key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.key.data(), key.key.size()),
      EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  if (!public_key || !context ||
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) != 1) {
    throw std::runtime_error("OpenSSL refuses Ed25519");
  }
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

Signature parse_signature(std::string_view& text) {
  Signature signature;
  if (!next_line(text).starts_with(untrusted_prefix)) {
    malformed("the signature does not begin with \"untrusted comment: \"");
  }
  const std::optional<std::string> body = decode_base64(next_line(text));
  if (!body || body->size() != 2 + 8 + 64) malformed("the signature is not 74 bytes of base64");
  std::string_view bytes = *body;
  if (bytes.starts_with("Ed")) {
    malformed("the signature is of minisign's legacy kind: sign without -l");
  }
  if (!bytes.starts_with("ED")) malformed("the signature is of an unknown algorithm");
  bytes.remove_prefix(2);
  take(bytes, signature.key_id);
  take(bytes, signature.signature);
  const std::string_view comment = next_line(text);
  if (!comment.starts_with(trusted_prefix)) malformed("the signature has no trusted comment");
  signature.trusted_comment = comment.substr(trusted_prefix.size());
  const std::optional<std::string> global = decode_base64(next_line(text));
  if (!global || global->size() != 64)
    malformed("the comment's signature is not 64 bytes of base64");
  std::string_view rest = *global;
  take(rest, signature.comment_signature);
  return signature;
}

}  // namespace

std::string PublicKey::name() const {
  // The tool reads the identifier as a little-endian number, and writes it without leading zeros.
  constexpr char digits[] = "0123456789ABCDEF";
  std::string digits_of_id;
  for (auto byte = id.rbegin(); byte != id.rend(); ++byte) {
    digits_of_id += digits[*byte >> 4];
    digits_of_id += digits[*byte & 15];
  }
  const std::size_t zeros = digits_of_id.find_first_not_of('0');
  return zeros == std::string::npos ? "0" : digits_of_id.substr(zeros);
}

PublicKey parse_public_key(std::string_view text) {
  const std::optional<std::string> decoded = decode_base64(text);
  if (!decoded || decoded->size() != 2 + 8 + 32 || !decoded->starts_with("Ed")) {
    malformed("no minisign public key (56 characters, beginning with \"RW\"): \"" +
              (printable(text) ? std::string(text.substr(0, 60)) : "?") + "\"");
  }
  PublicKey key;
  key.text = text;
  std::string_view bytes = *decoded;
  bytes.remove_prefix(2);
  take(bytes, key.id);
  take(bytes, key.key);
  return key;
}

std::vector<Signature> parse_signatures(std::string_view text) {
  std::vector<Signature> signatures;
  do {
    if (signatures.size() == maximum_signatures) malformed("more than 16 signatures");
    signatures.push_back(parse_signature(text));
  } while (!text.empty());
  return signatures;
}

std::array<unsigned char, 64> prehash(std::string_view bytes) {
  start_cryptography();
  std::array<unsigned char, 64> hash;
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &length, EVP_blake2b512(), nullptr) !=
          1 ||
      length != hash.size()) {
    throw std::runtime_error("OpenSSL refuses BLAKE2b");
  }
  return hash;
}

void verify(const Signature& signature, const std::array<unsigned char, 64>& hash,
            const PublicKey& key) {
  if (!ed25519_verifies(hash, signature.signature, key)) {
    throw SignatureError(SignatureFailure::wrong,
                         "the signature by key " + key.name() + " is not over these bytes");
  }
  std::string signed_comment(signature.signature.begin(), signature.signature.end());
  signed_comment += signature.trusted_comment;
  const auto* bytes = reinterpret_cast<const unsigned char*>(signed_comment.data());
  if (!ed25519_verifies({bytes, signed_comment.size()}, signature.comment_signature, key)) {
    throw SignatureError(SignatureFailure::comment_altered,
                         "the trusted comment is not the one that key " + key.name() + " signed");
  }
}

}  // namespace axiom
