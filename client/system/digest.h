// Digests. All throw std::runtime_error if the library refuses.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace axiom {

/// Before any use of OpenSSL: starts it without the host's configuration file, which may switch
/// algorithms off (MD5, say), so that all hosts compute alike. Cheap; thread-safe.
void start_cryptography();

std::array<unsigned char, 32> sha256(std::string_view bytes);

/// Lower-case hex.
std::string sha256_hex(std::string_view bytes);
/// For protocols that ask for it; not a protection.
std::string md5_hex(std::string_view bytes);

}  // namespace axiom
