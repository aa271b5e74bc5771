// From libcurl's codes to errors that say what to do. Only for the files of this folder.
#pragma once

#include <curl/curl.h>

#include <string>

#include "client/transfer/address.h"
#include "client/transfer/failure.h"
#include "client/transfer/https_client.h"

namespace axiom {

/// REQUIRES: `code` is an error of a transfer that ran on `curl`; `detail` is libcurl's own
/// message.
TransferError curl_failure(CURL* curl, CURLcode code, const std::string& detail,
                           const Address& address, const TransferSettings& settings,
                           double total_timeout, const TrustStore& trust);

/// The error for a status that is no success.
TransferError status_failure(int status, const Address& address, bool put);

}  // namespace axiom
