#include "client/upload/sender.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "client/system/clock.h"
#include "client/upload/signed_address.h"

namespace axiom {
namespace {

std::string seconds_text(double seconds) {
  return std::to_string(static_cast<long long>(std::ceil(seconds))) + " s";
}

bool among(const std::vector<Address>& servers, const Address& address) {
  return std::any_of(servers.begin(), servers.end(),
                     [&](const Address& server) { return server.same_server(address); });
}

// More than could have been written is of a clock that was set meanwhile.
bool can_wait(const QueuedObject& entry, double utc) {
  return entry.not_before > utc && entry.not_before - utc <= longest_delay;
}

class Sending {
 public:
  Sending(Outbox& outbox, HttpsClient& client, const SendSettings& settings, const SendWorld& world,
          const std::function<void(const std::string&)>& note, std::vector<QueuedObject>& entries)
      : outbox_(outbox), client_(client), settings_(settings), world_(world), note_(note) {
    for (QueuedObject& entry : entries) {
      left_.push_back(&entry);
      if (entry.kind == UploadKind::result) ++results_for_[entry.target];
    }
  }

  bool on_several_servers() const {
    std::vector<Address> servers;
    for (const QueuedObject* entry : left_) {
      const auto address = object_address(entry->target, entry->kind, entry->name);
      if (address && !among(servers, *address)) servers.push_back(*address);
    }
    return servers.size() > 1;
  }

  // What may still come through is left; errors that may pass are told of the last pass only.
  void pass(const RetrySettings& retry, bool last) {
    down_.clear();
    for (QueuedObject* entry : std::exchange(left_, {})) {
      try {
        attempt(*entry, place_of(*entry), retry, last);
      } catch (const UploadError& error) {
        if (impossible_) {
          note_(error.what());
        } else {
          impossible_ = error;
        }
      }
    }
  }

  void finish(std::size_t count) const {
    if (failure_) {
      if (impossible_) note_(impossible_->what());
      if (unreadable_) note_(unreadable_->what());
      const std::size_t all = count + settings_.others_waiting;
      throw TransferError(failure_->failure, failure_->transient,
                          std::string(failure_->what()) + "; " + std::to_string(all - sent_) +
                              " of " + std::to_string(all) + " wait in '" + outbox_.directory() +
                              "': axiom-client upload sends them");
    }
    if (impossible_) {
      if (unreadable_) note_(unreadable_->what());
      throw UploadError(*impossible_);
    }
    if (unreadable_) throw IoError(*unreadable_);
  }

 private:
  // UploadError if it has none of its own.
  Address place_of(const QueuedObject& entry) const {
    const auto address = object_address(entry.target, entry.kind, entry.name);
    if (!address) {
      throw UploadError("there is no place for anything but a result at " +
                        parse_address(entry.target).shown());
    }
    const auto results = results_for_.find(entry.target);
    if (results != results_for_.end() && results->second > 1 && single_object(entry.target)) {
      throw one_place_for_many(*address, results->second);
    }
    if (!authorization_for(*address).empty()) SignedAddress(*address).require_unsigned();
    return *address;
  }

  std::string authorization_for(const Address& address) const {
    const bool meant =
        settings_.credentials_server && settings_.credentials_server->same_server(address);
    return meant ? settings_.authorization : "";
  }

  void attempt(QueuedObject& entry, const Address& address, const RetrySettings& patience,
               bool last) {
    if (among(refused_, address)) return;
    if (among(down_, address)) {  // it would meet the same
      left_.push_back(&entry);
      return;
    }
    std::string body;
    try {
      body = outbox_.body(entry);
    } catch (const IoError& error) {  // removed or damaged meanwhile: the others are whole
      if (unreadable_) return note_(error.what());
      unreadable_ = error;
      return;
    }
    try {
      send(entry, body, address, patience);
      ++sent_;
    } catch (const TransferError& error) {
      if (error.transient) {
        down_.push_back(address);
        left_.push_back(&entry);
        if (last) failed(error);
      } else if (error.failure == TransferFailure::answer_refused && !of_all(error, address)) {
        note_(error.what());
        if (!failure_) failure_ = error;
      } else {
        refused_.push_back(address);
        failed(error);
      }
    }
  }

  // An answer is about one object alone, but for wrong credentials: servers shut those out who come
  // with them again and again.
  static bool of_all(const TransferError& error, const Address& address) {
    return error.status == 401 && !SignedAddress(address).is_signed();
  }

  void send(QueuedObject& entry, const std::string& body, const Address& address,
            const RetrySettings& patience) {
    const auto headers = [&](const Address& at) {
      return upload_headers(entry.identity, body, at);
    };
    headers(address);  // what cannot be sent is refused before it waits
    keep_away(entry, address, patience);
    retry(
        patience, world_.retry,
        [&] {
          try {
            client_.put(address, body, headers, authorization_for(address));
          } catch (const TransferError& error) {
            remember(entry, error);
            throw;
          }
        },
        [&](const TransferError& error, double delay) {
          note_(std::string(error.what()) + "; next attempt in " + seconds_text(delay));
        });
    outbox_.acknowledge(entry, address.shown(), utc_timestamp());
    note_("uploaded: " + entry.name + " (" + std::to_string(entry.bytes) + " bytes)");
  }

  // The first one ends the sending, with its exit code; the others are told of.
  void failed(const TransferError& error) {
    if (failure_) return note_(error.what());
    failure_ = error;
  }

  // A server that asked for peace in an earlier session still means it.
  void keep_away(const QueuedObject& entry, const Address& address, const RetrySettings& patience) {
    const double now = world_.utc();
    if (!can_wait(entry, now)) return;
    const double wait = entry.not_before - now;
    if (wait > patience.patience) {
      throw TransferError(TransferFailure::answer_refused, true,
                          address.shown() + ": the server asked not to come back within the next " +
                              seconds_text(wait));
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
  std::vector<QueuedObject*> left_;
  std::map<std::string, std::size_t> results_for_;  // by target
  std::vector<Address> down_;                       // servers, in this pass
  std::vector<Address> refused_;                    // servers that nothing more is sent to
  std::optional<TransferError> failure_;
  std::optional<UploadError> impossible_;
  std::optional<IoError> unreadable_;
  std::size_t sent_ = 0;
};

}  // namespace

UploadError one_place_for_many(const Address& address, std::size_t results) {
  return UploadError(address.shown() + " is the address of one object, but " +
                     std::to_string(results) +
                     " results wait: give a folder (ending with /) or {name} in --upload-url");
}

void share_waits(std::vector<QueuedObject>& entries, double utc) {
  std::vector<std::pair<Address, double>> waits;  // by server
  const auto wait_for = [&](const QueuedObject& entry) -> double& {
    // One without a place is refused before it waits.
    const Address address =
        object_address(entry.target, entry.kind, entry.name).value_or(parse_address(entry.target));
    for (auto& [server, until] : waits) {
      if (server.same_server(address)) return until;
    }
    return waits.emplace_back(address, 0).second;
  };
  for (const QueuedObject& entry : entries) {
    double& until = wait_for(entry);
    if (can_wait(entry, utc)) until = std::max(until, entry.not_before);
  }
  for (QueuedObject& entry : entries) {
    if (const double until = wait_for(entry); until > 0) entry.not_before = until;
  }
}

void send_all(Outbox& outbox, std::vector<QueuedObject>& entries, HttpsClient& client,
              const SendSettings& settings, const SendWorld& world,
              const std::function<void(const std::string&)>& note) {
  Sending sending(outbox, client, settings, world, note, entries);
  if (settings.retry.patience > 0 && sending.on_several_servers()) {
    RetrySettings once = settings.retry;
    once.patience = 0;
    sending.pass(once, false);
  }
  sending.pass(settings.retry, true);
  sending.finish(entries.size());
}

}  // namespace axiom
