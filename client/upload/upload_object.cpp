#include "client/upload/upload_object.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "client/system/base64.h"
#include "client/system/digest.h"
#include "client/upload/gzip.h"
#include "client/upload/signed_address.h"

namespace axiom {
namespace {

constexpr std::string_view placeholder = "{name}";

std::string base64_of_digest(std::string_view bytes) {
  const auto digest = sha256(bytes);
  return encode_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

std::string object_name(UploadKind kind, const std::string& experiment,
                        const std::string& result_digest, std::string_view text) {
  const std::string stem = experiment + "-" + result_digest;
  switch (kind) {
    case UploadKind::result:
      return stem + ".result.json.gz";
    case UploadKind::part:
      return stem + ".part.json.gz";
    case UploadKind::telemetry:
      return stem + "." + sha256_hex(text).substr(0, 12) + ".telemetry.json.gz";
  }
  throw std::logic_error("an upload of no kind");
}

UploadObject upload_object(UploadKind kind, const UploadIdentity& identity, std::string_view text) {
  return {kind, object_name(kind, identity.experiment, identity.result_digest, text), identity,
          gzip(text)};
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
  constexpr std::size_t longest = 256;
  const auto printable = [](const std::string& text) {
    return text.size() <= longest &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
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
  const SignedAddress place(address);
  for (const auto& [name, value] : place.storage_headers()) headers.emplace_back(name, value);
  for (const auto& [name, value] : identities) {
    const auto metadata = place.metadata_header("axiom-" + name);
    if (metadata) headers.emplace_back(*metadata, value);
  }
  place.require_sent(headers);
  return headers;
}

}  // namespace axiom
