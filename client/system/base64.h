// Base64 (RFC 4648, section 4), in its one canonical form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace axiom {

std::string encode_base64(std::string_view bytes);

/// Nothing unless `text` is what encode_base64() writes.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace axiom
