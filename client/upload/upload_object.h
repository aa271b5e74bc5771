// What leaves the machine: a result, a finished part of one, or telemetry, packed, with the
// versions that made it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/transfer/address.h"
#include "client/transfer/https_client.h"
#include "client/upload/upload_error.h"

namespace axiom {

/// What pins a result to the definitions it was computed by.
struct UploadIdentity {
  std::string client_version;
  std::string build;
  std::string experiment;
  std::string experiment_version;
  std::string arithmetic_version;
  std::string plan_digest;    ///< hex: the work digest (docs/WORK_UNITS.md)
  std::string result_digest;  ///< hex: SHA-256 of the result (or part), not compressed
  std::string part{};         ///< "3/40": the third of 40; empty for all else
};

/// Whether every member can be the value of a header: printable ASCII, not empty (but for `part`),
/// and short enough that servers take it.
bool can_be_sent(const UploadIdentity& identity);

/// In the order in which they are sent.
enum class UploadKind { result, part, telemetry };

struct UploadObject {
  UploadKind kind = UploadKind::result;
  std::string name;  ///< holds the digest of the content, so that a repeat is harmless
  UploadIdentity identity;
  std::string body;  ///< gzip
  /// That may have computed a part of it (Checkpoint::devices); nothing if that is not known. Stays
  /// on this host.
  std::optional<std::vector<std::string>> devices = {};
};

/// EXPERIMENT-DIGEST.result.json.gz, or .part.json.gz; of telemetry EXPERIMENT-DIGEST.TELEMETRY
/// .telemetry.json.gz, where TELEMETRY is the first 12 digits of the SHA-256 of its `text`, so that
/// hosts with the same result do not replace each other's.
std::string object_name(UploadKind kind, const std::string& experiment,
                        const std::string& result_digest, std::string_view text = {});
/// `text`, packed and named.
UploadObject upload_object(UploadKind kind, const UploadIdentity& identity, std::string_view text);

/// Whether a file of that name can be one of these: "-", 64 hex digits and ".", ending in .json.gz.
bool is_object_name(std::string_view name);

/// As long as any object's name: to check an address by before there is an object.
std::string stand_in_name();

/// Where an object goes, by the address that the user gave: `{name}` in it is replaced; a path that
/// ends with '/' is a folder; anything else is the address of one result (one signed in advance,
/// say), and all else has no place there: nothing. AddressError, also if objects would get in each
/// other's way or a query would be lost.
std::optional<Address> object_address(const std::string& target, UploadKind kind,
                                      const std::string& name);
/// Whether `target` has room for one object only.
bool single_object(const std::string& target);

/// All headers of its own that an upload carries: type, digest of the body, and the identity, as
/// Axiom-* and as object metadata; what an address that is signed in advance asks for or does not
/// take: signed_address.h. UploadError if the signature names a header that is not sent.
Headers upload_headers(const UploadIdentity& identity, std::string_view body,
                       const Address& address);

}  // namespace axiom
