#include "client/upload/signed_address.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "client/system/text.h"

namespace axiom {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

// "a=b&c=d": names in lower case, values still encoded.
Query pairs_of(std::string_view query) {
  Query pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::string_view name = pair.substr(0, pair.find('='));
    pairs.emplace_back(lower_case(std::string(name)),
                       pair.substr(std::min(name.size() + 1, pair.size())));
  }
  return pairs;
}

std::optional<std::string> value_of(const Query& query, std::string_view name) {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// Version 4 has a list, X-Amz-SignedHeaders=host;x-amz-... with ';' mostly written as %3B. Signers
// of version 2 write the metadata that they signed into the query, each by its name.
std::vector<std::string> named_headers(const Query& query) {
  std::vector<std::string> names;
  auto list = value_of(query, "x-amz-signedheaders");
  if (!list) list = value_of(query, "x-goog-signedheaders");
  if (!list) {
    for (const auto& [name, value] : query) {
      if (name.starts_with("x-amz-meta-")) names.push_back(name);
    }
    return names;
  }
  std::string text = lower_case(*std::move(list));
  for (std::size_t at = text.find("%3b"); at != std::string::npos; at = text.find("%3b")) {
    text.replace(at, 3, ";");
  }
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(';', start), text.size());
    names.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

SignedAddress::SignedAddress(const Address& address) : address_(address) {
  const Query query = pairs_of(address.query);
  for (const char* name : {"x-amz-signature", "x-goog-signature", "signature"}) {
    if (value_of(query, name)) signer_ = Signer::names_headers;
  }
  if (signer_ == Signer::names_headers) {
    named_ = named_headers(query);
  } else if (value_of(query, "sig") && value_of(query, "sv")) {
    signer_ = Signer::azure;
  }
}

void SignedAddress::require_unsigned() const {
  if (!is_signed()) return;
  throw UploadError(address_.shown() + " is signed in advance: it takes no --upload-credentials");
}

Headers SignedAddress::storage_headers() const {
  if (signer_ == Signer::azure) return {{"x-ms-blob-type", "BlockBlob"}};
  return {};
}

std::optional<std::string> SignedAddress::metadata_header(const std::string& name) const {
  if (signer_ == Signer::azure) {  // whose names are those of C#
    std::string words = lower_case(name);
    std::replace(words.begin(), words.end(), '-', '_');
    return "x-ms-meta-" + words;
  }
  const std::string header = "x-amz-meta-" + lower_case(name);
  if (is_signed() && !contains(named_, header)) return std::nullopt;
  return header;
}

// A request without a header that was signed is refused by every server, with less of a reason.
void SignedAddress::require_sent(const Headers& headers) const {
  std::vector<std::string> sent = {"host", "user-agent", "content-length"};
  for (const auto& [name, value] : headers) sent.push_back(lower_case(name));
  for (const std::string& name : named_) {
    if (contains(sent, name)) continue;
    throw UploadError(address_.shown() + " is signed for a request with the header '" + name +
                      "', which is not sent: have it signed for those that docs/UPLOADS.md lists");
  }
}

}  // namespace axiom
