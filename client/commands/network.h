// From options to connections.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "client/network_options.h"
#include "client/system/signals.h"
#include "client/transfer/https_client.h"

namespace axiom {

/// A client by the options, which ends transfers when `stop` (a signal's number, or 0) is not 0.
/// IoError (--ca-file).
std::unique_ptr<HttpsClient> https_client(const NetworkOptions& options,
                                          std::function<int()> stop = stop_signal);

/// The value of the Authorization header from the file of --upload-credentials: one line,
/// USER:PASSWORD or "Bearer TOKEN". Empty without that option. IoError, UsageError.
std::string upload_authorization(const NetworkOptions& options);

}  // namespace axiom
