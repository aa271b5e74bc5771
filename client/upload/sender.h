// Empties an outbox.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "client/transfer/https_client.h"
#include "client/transfer/retry.h"
#include "client/upload/outbox.h"

namespace axiom {

struct SendSettings {
  RetrySettings retry;
  std::string authorization;  ///< value of that header; empty = none
};

struct SendResult {
  std::size_t sent = 0;
  std::size_t waiting = 0;
};

/// What sending needs of the world beside the network; replaced in tests.
struct SendWorld {
  RetryWorld retry;
  std::function<double()> utc;  ///< seconds since 1970
};

/// Sends `entries` one after the other, each until it is acknowledged. What only this one object is
/// refused for does not stop the others; anything else does. Rethrows the first TransferError when
/// all is done that can be done, with what is waiting in its message. `note` hears of each step.
SendResult send_all(Outbox& outbox, std::vector<QueuedObject>& entries, HttpsClient& client,
                    const SendSettings& settings, const SendWorld& world,
                    const std::function<void(const std::string&)>& note);

}  // namespace axiom
