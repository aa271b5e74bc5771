#include "client/upload/sender.h"

#include <cmath>
#include <optional>

#include "client/system/clock.h"

namespace axiom {
namespace {

std::string seconds_text(double seconds) {
  return std::to_string(static_cast<long long>(std::ceil(seconds))) + " s";
}

class Sending {
 public:
  Sending(Outbox& outbox, HttpsClient& client, const SendSettings& settings, const SendWorld& world,
          const std::function<void(const std::string&)>& note)
      : outbox_(outbox), client_(client), settings_(settings), world_(world), note_(note) {}

  void send(QueuedObject& entry) {
    const std::optional<Address> address = object_address(entry.target, entry.kind, entry.name);
    if (!address) {
      throw UploadError("there is no place for anything but a result at " +
                        parse_address(entry.target).shown());
    }
    const std::string body = outbox_.body(entry);
    const Headers headers = upload_headers(entry.identity, body, *address);
    keep_away(entry, *address);
    retry(
        settings_.retry, world_.retry,
        [&] {
          try {
            client_.put(*address, body, headers, settings_.authorization);
          } catch (const TransferError& error) {
            remember(entry, error);
            throw;
          }
        },
        [&](const TransferError& error, double delay) {
          note_(std::string(error.what()) + "; next attempt in " + seconds_text(delay));
        });
    outbox_.acknowledge(entry, address->shown(), utc_timestamp());
    note_("uploaded: " + entry.name + " (" + std::to_string(entry.bytes) + " bytes)");
  }

 private:
  // A server that asked for peace in an earlier session still means it.
  void keep_away(const QueuedObject& entry, const Address& address) {
    const double wait = entry.not_before - world_.utc();
    // More than could have been written: the clock was set meanwhile.
    if (wait <= 0 || wait > longest_delay) return;
    if (wait > settings_.retry.patience) {
      TransferError error(TransferFailure::answer_refused, true,
                          address.shown() + ": the server asked not to come back within the next " +
                              seconds_text(wait));
      throw error;
    }
    note_(address.shown() + ": the server asked to wait; next attempt in " + seconds_text(wait));
    world_.retry.wait(wait);
  }

  void remember(QueuedObject& entry, const TransferError& error) {
    const double wait = std::min(error.retry_after.value_or(0), longest_delay);
    try {
      outbox_.postpone(entry, entry.failures + 1, wait > 0 ? world_.utc() + wait : 0);
    } catch (const IoError& failure) {
      note_(std::string("the outbox does not remember the attempt: ") + failure.what());
    }
  }

  Outbox& outbox_;
  HttpsClient& client_;
  const SendSettings& settings_;
  const SendWorld& world_;
  const std::function<void(const std::string&)>& note_;
};

}  // namespace

SendResult send_all(Outbox& outbox, std::vector<QueuedObject>& entries, HttpsClient& client,
                    const SendSettings& settings, const SendWorld& world,
                    const std::function<void(const std::string&)>& note) {
  SendResult result;
  Sending sending(outbox, client, settings, world, note);
  std::optional<TransferError> first;
  for (QueuedObject& entry : entries) {
    try {
      sending.send(entry);
      ++result.sent;
    } catch (const TransferError& error) {
      if (!first) first = error;
      // The next one would meet the same.
      if (error.transient || error.failure != TransferFailure::answer_refused) break;
      note(error.what());
    }
  }
  result.waiting = entries.size() - result.sent;
  if (first) {
    TransferError error(first->failure, first->transient,
                        std::string(first->what()) + "; " + std::to_string(result.waiting) +
                            " of " + std::to_string(entries.size()) + " wait in '" +
                            outbox.directory() + "': axiom-client upload sends them");
    throw error;
  }
  return result;
}

}  // namespace axiom
