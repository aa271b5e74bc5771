#include "client/transfer/address.h"

#include <algorithm>
#include <memory>

#include "client/system/text.h"
#include "client/transfer/curl_library.h"

namespace axiom {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_library().url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string part(const Url& url, CURLUPart which, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_library().url_get(url.get(), which, &text, flags) != CURLUE_OK) return "";
  std::string copy = text;
  curl_library().free(text);
  return copy;
}

// libcurl sends what is empty, too.
bool has_part(const Url& url, CURLUPart which) {
  char* text = nullptr;
  if (curl_library().url_get(url.get(), which, &text, 0) != CURLUE_OK) return false;
  curl_library().free(text);
  return true;
}

std::string without_query(const std::string& text) {
  return text.substr(0, text.find_first_of("?#"));
}

// For a text that may be no address at all, or hold a password, with whatever characters.
std::string quoted(const std::string& text) {
  std::string shown = without_query(text);
  const std::size_t slashes = shown.find("//");
  const std::size_t user = slashes == std::string::npos ? 0 : slashes + 2;
  if (const std::size_t at = shown.rfind('@'); at != std::string::npos && at >= user) {
    shown.replace(user, at - user, "...");
  } else if (text.find('@') != std::string::npos && shown.find('/', user) == std::string::npos) {
    shown.replace(user, std::string::npos, "...");
  }
  constexpr std::size_t longest = 200;
  if (shown.size() > longest) shown = shown.substr(0, longest) + "...";
  return "'" + shown + "'";
}

void require_length(const std::string& text, const std::string& shown) {
  if (text.size() <= longest_address) return;
  throw AddressError("the address " + shown + " is longer than " + std::to_string(longest_address) +
                     " bytes: is it the right one?");
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Address taken_apart(const Url& url, const std::string& shown) {
  if (part(url, CURLUPART_SCHEME) != "https") {
    throw AddressError("the address " + shown + " does not begin with https://: it is not used");
  }
  if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
    // Command lines and logs are read by others.
    throw AddressError("the address at " + printable_ascii(part(url, CURLUPART_HOST)) +
                       " holds a user name or password: put them into a file "
                       "(--upload-credentials FILE)");
  }
  Address address;
  // A fragment is never sent.
  curl_library().url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  address.text = part(url, CURLUPART_URL);
  address.host = part(url, CURLUPART_HOST);
  address.port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  address.path = part(url, CURLUPART_PATH);
  address.query = part(url, CURLUPART_QUERY);
  if (address.host.empty()) throw AddressError("the address " + shown + " names no host");
  if (address.port == "0")
    throw AddressError("the address " + shown + " has port 0: there is none");
  if (!is_ascii(address.host)) {
    throw AddressError("the address " + shown +
                       " has a host name beyond ASCII: write it in its ASCII form (xn--...)");
  }
  return address;
}

}  // namespace

std::string Address::shown() const { return printable_ascii(without_query(text)); }

bool Address::same_server(const Address& other) const {
  return same_letters(host, other.host) && port == other.port;
}

Address parse_address(const std::string& text) {
  const std::string shown = quoted(text);
  require_length(text, shown);
  const Url url(curl_library().url());
  if (curl_library().url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    throw AddressError(shown + " is no address: expected https://HOST/PATH");
  }
  Address address = taken_apart(url, shown);
  // libcurl forgives one slash, and three.
  const std::size_t slashes = text.find("//");
  if (slashes != text.find('/') || text.substr(slashes).starts_with("///")) {
    throw AddressError(shown + " is no address: expected https://HOST/PATH");
  }
  // What is sent is what was given; only servers that redirect are forgiven more.
  if (!is_ascii(text)) {
    throw AddressError("the address " + shown +
                       " has characters beyond ASCII: write them percent-encoded, as in %C3%A9");
  }
  return address;
}

Address resolve_address(const Address& base, const std::string& reference) {
  const std::string shown = printable_ascii(quoted(reference));
  require_length(reference, shown);
  const Url url(curl_library().url());
  if (curl_library().url_set(url.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK ||
      curl_library().url_set(url.get(), CURLUPART_URL, reference.c_str(), 0) != CURLUE_OK) {
    throw AddressError(shown + " is no address, seen from " + base.shown());
  }
  return taken_apart(url, shown);
}

}  // namespace axiom
