// Why a transfer did not succeed.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

namespace axiom {

enum class TransferFailure {
  unreachable,       ///< name not resolved, connection refused, reset or cut
  tls_refused,       ///< the server did not prove who it is, or the protocol is too old
  timed_out,         ///< connecting, stalled, or in total
  answer_refused,    ///< a status that is no acknowledgement, or no HTTP
  redirect_refused,  ///< to http, once too often, or where a PUT cannot follow
  too_much_data,     ///< headers or a body beyond their limit
};

/// One line: what happened, with which server, what to do. Never holds the query of an address
/// (signed addresses carry a secret there).
class TransferError : public std::runtime_error {
 public:
  TransferError(TransferFailure kind, bool may_pass, const std::string& message)
      : std::runtime_error(message), failure(kind), transient(may_pass) {}

  TransferFailure failure;
  bool transient;                     ///< may succeed later without anyone doing something
  std::optional<double> retry_after;  ///< seconds that the server asks to wait
  int status = 0;                     ///< of an answer that was refused
};

/// There is nothing to transfer with: libcurl is missing or not usable; one line.
class TransferUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The transfer was given up because of a stop signal.
class TransferStopped : public std::runtime_error {
 public:
  explicit TransferStopped(int number, const std::string& what_goes_on = "the same command")
      : std::runtime_error("stopped by a signal; nothing is lost: " + what_goes_on + " goes on"),
        signal(number) {}

  int signal;
};

}  // namespace axiom
