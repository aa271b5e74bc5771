#include "client/transfer/address.h"

#include <memory>

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

// For a text that may be no address at all.
std::string without_query(const std::string& text) {
  return text.substr(0, text.find_first_of("?#"));
}

Address taken_apart(const Url& url, const std::string& given) {
  const std::string shown = "'" + without_query(given) + "'";
  if (part(url, CURLUPART_SCHEME) != "https") {
    throw AddressError("the address " + shown + " does not begin with https://: it is not used");
  }
  if (!part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty()) {
    // Command lines and logs are read by others.
    throw AddressError("the address at " + part(url, CURLUPART_HOST) +
                       " holds a user name or password: put them into a file "
                       "(--upload-credentials FILE)");
  }
  Address address;
  address.text = part(url, CURLUPART_URL);
  address.host = part(url, CURLUPART_HOST);
  address.port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  address.path = part(url, CURLUPART_PATH);
  address.query = part(url, CURLUPART_QUERY);
  if (address.host.empty()) throw AddressError("the address " + shown + " names no host");
  return address;
}

}  // namespace

std::string Address::shown() const { return without_query(text); }

bool Address::same_server(const Address& other) const {
  return host == other.host && port == other.port;
}

Address parse_address(const std::string& text) {
  const Url url(curl_library().url());
  if (curl_library().url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    throw AddressError("'" + without_query(text) + "' is no address: expected https://HOST/PATH");
  }
  return taken_apart(url, text);
}

Address resolve_address(const Address& base, const std::string& reference) {
  const Url url(curl_library().url());
  if (curl_library().url_set(url.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK ||
      curl_library().url_set(url.get(), CURLUPART_URL, reference.c_str(), 0) != CURLUE_OK) {
    throw AddressError("'" + without_query(reference) + "' is no address, seen from " +
                       base.shown());
  }
  return taken_apart(url, reference);
}

}  // namespace axiom
