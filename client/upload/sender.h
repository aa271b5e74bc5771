// Empties an outbox.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/transfer/https_client.h"
#include "client/transfer/retry.h"
#include "client/upload/outbox.h"

namespace axiom {

struct SendSettings {
  RetrySettings retry;
  std::string authorization;                  ///< value of that header; empty = none
  std::optional<Address> credentials_server;  ///< the server that it is for; no other hears of it
  std::size_t others_waiting = 0;             ///< beside the entries: for the message only
};

/// For results that would replace each other.
UploadError one_place_for_many(const Address& address, std::size_t results);

/// A server that asked to come later for one object (Retry-After) means all: each entry for it
/// waits as long as the one that waits longest. `utc`: seconds since 1970.
void share_waits(std::vector<QueuedObject>& entries, double utc);

/// What sending needs of the world beside the network; replaced in tests.
struct SendWorld {
  RetryWorld retry;
  std::function<double()> utc;  ///< seconds since 1970
};

/// Sends `entries` one after the other, each until it is acknowledged. A refusal of one object does
/// not stop the others; a server that is down or refused does not stop those for other servers,
/// which all get a chance before any is waited for. When all is done that can be done, throws the
/// first TransferError, with what is waiting in its message, or else the first UploadError or
/// IoError (of an entry that was removed or damaged meanwhile). An IoError of writing ends the
/// sending at once: nothing that arrives could be noted down. `note` hears of each step.
void send_all(Outbox& outbox, std::vector<QueuedObject>& entries, HttpsClient& client,
              const SendSettings& settings, const SendWorld& world,
              const std::function<void(const std::string&)>& note);

}  // namespace axiom
