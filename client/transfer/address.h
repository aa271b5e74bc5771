// Addresses: https only, without secrets where a person sees them.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace axiom {

/// More than any server takes; an entry of the outbox has to hold it.
inline constexpr std::size_t longest_address = std::size_t{16} << 10;

/// An address that this program does not use; one line, without the address's query, user name and
/// password.
class AddressError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Address {
  std::string text;   ///< as given, or resolved; without fragment
  std::string host;   ///< as in the text
  std::string port;   ///< "443" if the text has none
  std::string path;   ///< begins with '/'
  std::string query;  ///< without '?'; empty if there is none

  /// Without query, in ASCII: for messages.
  std::string shown() const;
  bool same_server(const Address& other) const;
};

/// AddressError unless `text` is an https address in ASCII, without user name and password.
Address parse_address(const std::string& text);

/// `reference` (absolute or relative) as seen from `base`. AddressError as above.
Address resolve_address(const Address& base, const std::string& reference);

}  // namespace axiom
