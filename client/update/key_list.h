// The project's keys, and how they are replaced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/signature/minisign.h"

namespace axiom {

/// docs/UPDATES.md, "Keys". `next` keys sign nothing yet, but the next list may name them as keys.
struct KeyList {
  std::uint64_t number = 0;  ///< raised by each rotation
  std::size_t threshold = 0;
  std::vector<PublicKey> keys;
  std::vector<PublicKey> next;
  std::string text;  ///< as it was parsed
};

inline constexpr std::size_t maximum_document_bytes = std::size_t{64} << 10;

/// UpdateError (document_malformed) unless it is a list of 1 to 8 different keys and a threshold
/// that they can reach.
KeyList parse_key_list(std::string_view text);

/// The list that follows `old`: signed by the old threshold of old keys and by its own of its own
/// keys, one number higher, with no key that `old` does not name: whoever has stolen keys cannot
/// bring in others of his own. UpdateError.
KeyList rotated_keys(const KeyList& old, std::string_view text, std::string_view signatures);

}  // namespace axiom
