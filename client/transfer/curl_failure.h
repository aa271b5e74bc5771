// From libcurl's codes to errors that say what to do. Only for the files of this folder.
#pragma once

#include <curl/curl.h>

#include <string>

#include "client/transfer/address.h"
#include "client/transfer/failure.h"
#include "client/transfer/https_client.h"

namespace axiom {

/// One transfer, as far as errors tell of it.
struct Attempt {
  const Address& address;
  const TransferSettings& settings;
  const TrustStore& trust;
  double total_timeout;    ///< seconds
  bool connected = false;  ///< all was ready for the request
};

/// REQUIRES: `code` is an error of a transfer that ran on `curl`; `detail` is libcurl's own
/// message.
TransferError curl_failure(CURL* curl, CURLcode code, const std::string& detail,
                           const Attempt& attempt);

/// The error for a status that is no success.
TransferError status_failure(int status, const Address& address, bool put);

}  // namespace axiom
