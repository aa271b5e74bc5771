#include "client/upload/upload_object.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "client/system/base64.h"
#include "client/system/digest.h"
#include "client/upload/gzip.h"

namespace axiom {
namespace {

constexpr std::string_view placeholder = "{name}";

std::string stem(const UploadIdentity& identity) {
  return identity.experiment + "-" + identity.result_digest;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// Of "a=b&c=d": the value, still encoded. Names are compared without regard to case.
std::optional<std::string> query_value(const std::string& query, const std::string& name) {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (lower(std::string(key)) != name) continue;
    return std::string(pair.substr(std::min(key.size() + 1, pair.size())));
  }
  return std::nullopt;
}

// Signers of version 2 write the metadata that they signed into the query, each by its name.
std::vector<std::string> metadata_in_query(const std::string& query) {
  std::vector<std::string> names;
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string name = lower(std::string(pair.substr(0, pair.find('='))));
    if (name.starts_with("x-amz-meta-")) names.push_back(name);
  }
  return names;
}

// The headers that a signature names, in lower case; version 4 has a list,
// X-Amz-SignedHeaders=host;x-amz-... with ';' mostly written as %3B.
std::vector<std::string> signed_headers(const Address& address) {
  auto list = query_value(address.query, "x-amz-signedheaders");
  if (!list) list = query_value(address.query, "x-goog-signedheaders");
  if (!list) return metadata_in_query(address.query);
  std::string text = lower(*std::move(list));
  for (std::size_t at = text.find("%3b"); at != std::string::npos; at = text.find("%3b")) {
    text.replace(at, 3, ";");
  }
  std::vector<std::string> names;
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

// A request without a header that was signed is refused by every server, with less of a reason.
void require_sent(const std::vector<std::string>& named, const Headers& headers,
                  const Address& address) {
  std::vector<std::string> sent = {"host", "user-agent", "content-length"};
  for (const auto& [name, value] : headers) sent.push_back(lower(name));
  for (const std::string& name : named) {
    if (contains(sent, name)) continue;
    throw UploadError(address.shown() + " is signed for a request with the header '" + name +
                      "', which is not sent: have it signed for those that docs/UPLOADS.md lists");
  }
}

std::string base64_of_digest(std::string_view bytes) {
  const auto digest = sha256(bytes);
  return encode_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

UploadObject result_object(const UploadIdentity& identity, std::string_view result) {
  return {UploadKind::result, stem(identity) + ".result.json.gz", identity, gzip(result)};
}

UploadObject part_object(const UploadIdentity& identity, std::string_view part) {
  return {UploadKind::part, stem(identity) + ".part.json.gz", identity, gzip(part)};
}

UploadObject telemetry_object(const UploadIdentity& identity, std::string_view telemetry) {
  const std::string own = sha256_hex(telemetry).substr(0, 12);
  return {UploadKind::telemetry, stem(identity) + "." + own + ".telemetry.json.gz", identity,
          gzip(telemetry)};
}

bool is_object_name(std::string_view name) {
  constexpr std::size_t digest_digits = 64;
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || !name.ends_with(".json.gz")) return false;
  const std::size_t end = name.find_first_not_of("0123456789abcdef", dash + 1);
  return end == dash + 1 + digest_digits && name[end] == '.';
}

std::string stand_in_name() {
  return std::string(32, 'e') + "-" + std::string(64, '0') + "." + std::string(12, '0') +
         ".telemetry.json.gz";
}

bool can_be_sent(const UploadIdentity& identity) {
  const auto printable = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  };
  for (const std::string* text : {&identity.client_version, &identity.build, &identity.experiment,
                                  &identity.experiment_version, &identity.arithmetic_version,
                                  &identity.plan_digest, &identity.result_digest}) {
    // libcurl does not send a header of spaces alone.
    if (text->find_first_not_of(' ') == std::string::npos || !printable(*text)) return false;
  }
  return printable(identity.part);
}

bool single_object(const std::string& target) {
  return target.find(placeholder) == std::string::npos &&
         !parse_address(target).path.ends_with('/');
}

std::optional<Address> object_address(const std::string& target, UploadKind kind,
                                      const std::string& name) {
  if (target.find(placeholder) != std::string::npos) {
    std::string text = target;
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + name.size())) {
      text.replace(at, placeholder.size(), name);
    }
    Address address = parse_address(text);
    // All objects would go to one place, and replace each other.
    if ((address.path + "?" + address.query).find(name) == std::string::npos) {
      throw AddressError("{name} is neither in the path nor in the query of " +
                         parse_address(target).shown());
    }
    return address;
  }
  const Address address = parse_address(target);
  if (address.path.ends_with('/')) {
    if (!address.query.empty()) {
      throw AddressError(address.shown() +
                         " is a folder, but has a query: write {name} where the name of the "
                         "object belongs, as in https://HOST/PATH/{name}?QUERY");
    }
    return parse_address(address.shown() + name);
  }
  if (kind != UploadKind::result) return std::nullopt;
  return address;
}

bool signed_in_advance(const Address& address) {
  // Version 4 of Amazon's and Google's signatures, version 2 of both.
  for (const char* name : {"x-amz-signature", "x-goog-signature", "signature"}) {
    if (query_value(address.query, name)) return true;
  }
  return false;
}

void require_unsigned(const Address& address) {
  if (signed_in_advance(address)) {
    throw UploadError(address.shown() + " is signed in advance: it takes no --upload-credentials");
  }
}

Headers upload_headers(const UploadIdentity& identity, std::string_view body,
                       const Address& address) {
  std::vector<std::pair<std::string, std::string>> identities = {
      {"Client-Version", identity.client_version},
      {"Build", identity.build},
      {"Experiment", identity.experiment},
      {"Experiment-Version", identity.experiment_version},
      {"Arithmetic-Version", identity.arithmetic_version},
      {"Plan-Digest", identity.plan_digest},
      {"Result-Digest", identity.result_digest}};
  if (!identity.part.empty()) identities.emplace_back("Part", identity.part);
  Headers headers = {{"Content-Type", "application/gzip"},
                     {"Content-Digest", "sha-256=:" + base64_of_digest(body) + ":"}};
  for (const auto& [name, value] : identities) headers.emplace_back("Axiom-" + name, value);
  const bool is_signed = signed_in_advance(address);
  const std::vector<std::string> named =
      is_signed ? signed_headers(address) : std::vector<std::string>();
  for (const auto& [name, value] : identities) {
    const std::string metadata = "x-amz-meta-axiom-" + lower(name);
    if (!is_signed || contains(named, metadata)) headers.emplace_back(metadata, value);
  }
  require_sent(named, headers, address);
  return headers;
}

}  // namespace axiom
