// One HTTPS request at a time. Host name and chain are always verified: nothing turns that off.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/transfer/address.h"
#include "client/transfer/failure.h"
#include "client/transfer/trust_store.h"

namespace axiom {

struct TransferSettings {
  std::vector<std::string> pins;        ///< sha256//BASE64 of a public key; any of them will do
  double connect_timeout = 30;          ///< seconds: name, connection and TLS handshake
  double stall_timeout = 60;            ///< seconds below 100 bytes a second
  std::optional<double> total_timeout;  ///< seconds; by default 300 and one per KiB
  std::function<int()> stop_signal = [] { return 0; };  ///< polled; 0 = go on
};

using Headers = std::vector<std::pair<std::string, std::string>>;
/// What is sent to an address beside what it needs: one that a server redirects to may be signed in
/// advance for other headers.
using HeadersFor = std::function<Headers(const Address&)>;

/// Of answers with headers beyond this, or bodies beyond what a call allows, nothing is used.
inline constexpr std::size_t maximum_header_bytes = std::size_t{64} << 10;
inline constexpr std::size_t maximum_answer_bytes = std::size_t{64} << 10;
inline constexpr int maximum_redirects = 3;

class HttpsClient {
 public:
  /// `identity` is sent as User-Agent.
  HttpsClient(TransferSettings settings, TrustStore trust, std::string identity);
  ~HttpsClient();
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  /// Returns when the server has acknowledged all bytes (200, 201 or 204). `authorization` is sent
  /// to the server of `address` only, not to one that it redirects to; empty = none.
  /// TransferError, TransferStopped.
  void put(const Address& address, std::string_view body, const HeadersFor& headers,
           const std::string& authorization);

  /// The body of a 200. TransferError if it is longer than max_bytes: they are counted here,
  /// whatever the headers say. Nothing is decompressed. Nothing for 404 and 410.
  std::optional<std::string> get(const Address& address, std::size_t max_bytes);

 private:
  struct Exchange;
  struct Curl;

  /// Follows redirects. Returns the last exchange.
  Exchange exchanged(const Address& address, const std::string_view* body,
                     const HeadersFor& headers, const std::string& authorization,
                     std::size_t max_bytes);
  void perform(const Address& address, const std::string_view* body, const Headers& headers,
               Exchange& exchange);

  const TransferSettings settings_;
  const TrustStore trust_;
  const std::string identity_;
  std::unique_ptr<Curl> curl_;
};

}  // namespace axiom
