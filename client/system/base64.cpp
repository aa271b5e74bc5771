#include "client/system/base64.h"

#include <openssl/evp.h>

namespace axiom {

std::string encode_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // the library adds a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::size_t longest = std::size_t{1} << 20;
  if (text.empty() || text.size() % 4 != 0 || text.size() > longest) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size())) < 0) {
    return std::nullopt;
  }
  const std::size_t padding = text.size() - 1 - text.find_last_not_of('=');
  if (padding > 2) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  // The library takes white space, stray bits and padding in the middle.
  if (encode_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace axiom
