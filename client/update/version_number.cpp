#include "client/update/version_number.h"

#include <charconv>

namespace axiom {

std::optional<VersionNumber> parse_version(std::string_view text) {
  VersionNumber version{};
  for (std::size_t i = 0; i < version.size(); ++i) {
    const std::string_view part = text.substr(0, text.find('.'));
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), version[i]);
    if (error != std::errc() || end != part.data() + part.size() || part.size() > 6 ||
        (part.size() > 1 && part.front() == '0')) {
      return std::nullopt;
    }
    text.remove_prefix(part.size());
    if (i + 1 < version.size()) {
      if (text.empty()) return std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (!text.empty()) return std::nullopt;
  return version;
}

}  // namespace axiom
