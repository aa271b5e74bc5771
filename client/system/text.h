// Characters of texts whose encoding is not known: only ASCII is relied on.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace axiom {

/// ASCII letters in lower case; all else stays.
std::string lower_case(std::string text);
/// Whether texts are equal but for the case of ASCII letters.
bool same_letters(std::string_view a, std::string_view b);
/// All that is not printable ASCII, which may mean anything to a terminal, as '?'.
std::string printable_ascii(std::string text);
/// Two lower-case hex digits for each byte.
std::string hex(std::string_view bytes);
std::string hex(std::span<const unsigned char> bytes);

}  // namespace axiom
