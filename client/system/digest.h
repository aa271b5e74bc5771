// Digests. All throw std::runtime_error if the library refuses (MD5 on a FIPS host, say).
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace axiom {

std::array<unsigned char, 32> sha256(std::string_view bytes);

/// Lower-case hex.
std::string sha256_hex(std::string_view bytes);
/// For protocols that ask for it; not a protection.
std::string md5_hex(std::string_view bytes);

}  // namespace axiom
