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

// X-Amz-SignedHeaders=host;x-amz-meta-... with ';' mostly written as %3B.
bool signed_in_advance(const Address& address) {
  return lower(address.query).find("x-amz-signature=") != std::string::npos;
}

bool signature_names(const Address& address, const std::string& header) {
  std::string query = lower(address.query);
  const std::size_t start = query.find("x-amz-signedheaders=");
  if (start == std::string::npos) return false;
  std::string list = query.substr(start + sizeof("x-amz-signedheaders=") - 1);
  list = list.substr(0, list.find('&'));
  for (std::size_t at = list.find("%3b"); at != std::string::npos; at = list.find("%3b")) {
    list.replace(at, 3, ";");
  }
  return (";" + list + ";").find(";" + header + ";") != std::string::npos;
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

bool single_object(const std::string& target) {
  return target.find(placeholder) == std::string::npos &&
         !parse_address(target).path.ends_with('/');
}

std::optional<Address> object_address(const std::string& target, UploadKind kind,
                                      const std::string& name) {
  if (const std::size_t at = target.find(placeholder); at != std::string::npos) {
    std::string text = target;
    return parse_address(text.replace(at, placeholder.size(), name));
  }
  const Address address = parse_address(target);
  if (address.path.ends_with('/')) return resolve_address(address, name);
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
  for (const auto& [name, value] : identities) {
    const std::string metadata = "x-amz-meta-axiom-" + lower(name);
    if (!signed_in_advance(address) || signature_names(address, metadata)) {
      headers.emplace_back(metadata, value);
    }
  }
  return headers;
}

}  // namespace axiom
