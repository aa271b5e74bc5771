#include "client/transfer/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "client/system/text.h"
#include "client/transfer/address.h"

namespace axiom {
namespace {

// As libcurl reads the environment: an empty value is none.
std::string value_of(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string_view without_brackets(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

struct NumericAddress {
  std::array<unsigned char, 16> bytes{};
  unsigned int bits = 0;  // 32 or 128
};

std::optional<NumericAddress> numeric(const std::string& text) {
  NumericAddress address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
  } else if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
  } else {
    return std::nullopt;
  }
  return address;
}

// `network` is an address, or one with the number of bits that matter: 10.0.0.0/8.
bool in_network(const NumericAddress& host, std::string_view network) {
  const std::size_t slash = network.find('/');
  const auto base = numeric(std::string(without_brackets(network.substr(0, slash))));
  if (!base || base->bits != host.bits) return false;
  unsigned int bits = host.bits;
  if (slash != std::string_view::npos) {
    const std::string_view number = network.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (error != std::errc() || end != number.data() + number.size() || bits > host.bits) {
      return false;
    }
  }
  for (unsigned int bit = 0; bit < bits; ++bit) {
    if (((host.bytes[bit / 8] ^ base->bytes[bit / 8]) >> (7 - bit % 8)) & 1) return false;
  }
  return true;
}

// "example.org" and ".example.org" stand for that name and all below it.
bool matches(std::string_view host, std::string_view entry) {
  host = without_brackets(host);
  if (const auto address = numeric(std::string(host))) return in_network(*address, entry);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (entry.ends_with('.')) entry.remove_suffix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || host.size() < entry.size()) return false;
  const std::string_view rest = host.substr(0, host.size() - entry.size());
  return same_letters(host.substr(rest.size()), entry) && (rest.empty() || rest.ends_with('.'));
}

}  // namespace

bool no_proxy_for(const std::string& host) {
  std::string list = value_of("no_proxy");
  if (list.empty()) list = value_of("NO_PROXY");
  if (list == "*") return true;
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find_first_of(", \t"));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    if (!entry.empty() && matches(host, entry)) return true;
  }
  return false;
}

Proxy proxy_for(const std::string& host) {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const std::string value = value_of(name);
    if (value.empty()) continue;
    if (no_proxy_for(host)) return {};
    constexpr std::string_view scheme = "https://";
    return {name, same_letters(std::string_view(value).substr(0, scheme.size()), scheme)};
  }
  return {};
}

}  // namespace axiom
