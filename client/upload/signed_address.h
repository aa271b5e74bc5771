// Addresses that are signed in advance: object storage takes one request from whoever holds one.
//
// Amazon's and Google's signatures (version 4, and 2 of both) cover the headers that they name, and
// a server refuses metadata that they do not. Azure's "shared access signature" covers no headers,
// but its service wants to be told the kind of object.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/transfer/address.h"
#include "client/transfer/https_client.h"
#include "client/upload/upload_error.h"

namespace axiom {

class SignedAddress {
 public:
  /// Of any address: most are not signed. `address` must outlive this.
  explicit SignedAddress(const Address& address);

  /// Whether the address itself proves that its holder may write there.
  bool is_signed() const { return signer_ != Signer::none; }
  /// UploadError if so: a server takes one proof only of who is asking.
  void require_unsigned() const;

  /// What the service must be told beside the identity.
  Headers storage_headers() const;
  /// The header that makes `name` (words with dashes) metadata of the object, or nothing if the
  /// server would refuse it. Addresses without a signature: as Amazon calls it.
  std::optional<std::string> metadata_header(const std::string& name) const;
  /// UploadError if the signature names a header that is not among these, nor in every request.
  void require_sent(const Headers& headers) const;

 private:
  enum class Signer { none, names_headers, azure };
  const Address& address_;
  Signer signer_ = Signer::none;
  std::vector<std::string> named_;  ///< headers in lower case
};

}  // namespace axiom
