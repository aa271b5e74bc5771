#include "client/transfer/curl_failure.h"

#include <openssl/x509_vfy.h>

#include <optional>
#include <string_view>

#include "client/system/clock.h"
#include "client/transfer/curl_library.h"
#include "client/transfer/proxy.h"

namespace axiom {
namespace {

std::string seconds_text(double seconds) {
  std::string text = std::to_string(seconds);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

// What is wrong with a certificate chain, by OpenSSL's verdict.
std::string chain_problem(long verdict, const TrustStore& trust) {
  const std::string clock = " (this host's clock says " + utc_timestamp() +
                            ": set it if that is wrong, otherwise tell the server's operator";
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      // Which of the chain, libcurl does not tell.
      return "its certificate has expired" + clock + "; if it is the authority in " + trust.source +
             " that has, update that)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not yet valid" + clock + ")";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "its certificate is self-signed: give it as --ca-file FILE if it is yours";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "its certificate was issued by an authority that is not in " + trust.source +
             ": update the system's CA certificates, or give the authority as --ca-file FILE" +
             (trust.embedded ? "" : " (--ca-file embedded: the bundle within this program)");
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return "a key in its certificate chain is too short: RSA needs 2048 bits";
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return "its certificate chain is signed with a broken digest: its operator must renew it";
    default:
      return std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict);
  }
}

bool mentions(const std::string& text, std::string_view word) {
  return text.find(word) != std::string::npos;
}

// A handshake that failed by what the server said, rather than by a broken connection.
std::string handshake_problem(const std::string& detail) {
  if (mentions(detail, "unsupported protocol") || mentions(detail, "protocol version")) {
    return "it speaks no TLS 1.2 or later: its operator must update it";
  }
  if (mentions(detail, "wrong version number") || mentions(detail, "packet length too long") ||
      mentions(detail, "http request") || mentions(detail, "record layer failure")) {
    return "it does not speak TLS on this port: check the port in the address";
  }
  if (mentions(detail, "key too small")) return "its key is too short: RSA needs 2048 bits";
  if (mentions(detail, "unrecognized name")) {
    return "it knows no host of that name: check the address";
  }
  if (mentions(detail, "no application protocol")) {
    return "it speaks no HTTP/1.1: its operator must allow that beside later versions";
  }
  if (mentions(detail, "alert internal error")) return "";  // its own trouble, which may pass
  if (mentions(detail, "alert") || mentions(detail, "shared cipher") ||
      mentions(detail, "no suitable")) {
    return "no common way to encrypt: " + detail;
  }
  return "";
}

// Of what is wrong with a connection, a proxy may be the reason that nobody thinks of.
std::string or_the_proxy(const Address& address) {
  const std::string variable = proxy_for(address.host).variable;
  return variable.empty() ? "" : " (or the proxy that " + variable + " names is down)";
}

// Of the proxy; 0 before it has said anything.
long connect_status(CURL* curl) {
  long status = 0;
  curl_library().easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &status);
  return status;
}

// Refused by the proxy, before the server was asked.
std::optional<TransferError> proxy_problem(CURL* curl, const std::string& where) {
  const long status = connect_status(curl);
  if (status == 0 || (status >= 200 && status <= 299)) return std::nullopt;
  const std::string advice = status == 407 ? "; it wants a user name and password" : "";
  return TransferError(TransferFailure::unreachable, status >= 500,
                       where + "the proxy answered " + std::to_string(status) +
                           ": check https_proxy and no_proxy" + advice);
}

std::string time_out(CURL* curl, const Attempt& attempt) {
  if (!attempt.connected) {
    return "no connection within " + seconds_text(attempt.settings.connect_timeout) +
           " (--connect-timeout): is this host online, and the server?" +
           or_the_proxy(attempt.address);
  }
  curl_off_t total = 0;
  curl_library().easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &total);
  if (static_cast<double>(total) / 1e6 >= attempt.total_timeout - 0.01) {
    return "the transfer took longer than " + seconds_text(attempt.total_timeout) +
           " (--total-timeout)";
  }
  return "less than 100 bytes a second for " + seconds_text(attempt.settings.stall_timeout) +
         " (--stall-timeout)";
}

}  // namespace

TransferError curl_failure(CURL* curl, CURLcode code, const std::string& detail,
                           const Attempt& attempt) {
  using enum TransferFailure;
  const Address& address = attempt.address;
  const TrustStore& trust = attempt.trust;
  std::string where = address.shown() + ": ";
  if (const auto problem = proxy_problem(curl, where)) return *problem;
  // Until it has answered, all talk of TLS is with a proxy that is spoken to by TLS.
  const Proxy proxy = proxy_for(address.host);
  const bool at_proxy = proxy.encrypted && connect_status(curl) == 0;
  if (at_proxy && (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR)) {
    where += "the proxy that " + proxy.variable + " names: ";
  }
  // The server's address was taken apart before.
  if (code == CURLE_URL_MALFORMAT && !proxy.variable.empty()) code = CURLE_COULDNT_RESOLVE_PROXY;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {unreachable, true,
              where + "the name of the proxy cannot be resolved: check https_proxy"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {unreachable, true,
              where + "the name cannot be resolved: is this host online, and the name right?"};
    case CURLE_COULDNT_CONNECT:
      return {unreachable, true,
              where + "no connection: the server is down, or a firewall is in between" +
                  or_the_proxy(address)};
    case CURLE_OPERATION_TIMEDOUT:
      return {timed_out, true, where + time_out(curl, attempt)};
    case CURLE_PEER_FAILED_VERIFICATION: {
      // libcurl compares the name itself, before it asks OpenSSL for a verdict on the chain.
      long verdict = X509_V_ERR_UNSPECIFIED;
      curl_library().easy_getinfo(
          curl, at_proxy ? CURLINFO_PROXY_SSL_VERIFYRESULT : CURLINFO_SSL_VERIFYRESULT, &verdict);
      const bool name = verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED;
      if (name && at_proxy)
        return {tls_refused, false, where + "its certificate is for another host name"};
      return {tls_refused, false,
              where + (name ? "its certificate is for another host name than '" + address.host + "'"
                            : chain_problem(verdict, trust))};
    }
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {tls_refused, false,
              where + "its public key is none of the pinned ones (--pin): is it the right server?"};
    case CURLE_SSL_CACERT_BADFILE:
      return {tls_refused, false,
              where + "the CA certificates of " + trust.source +
                  " are not readable as PEM: mend that file, or " +
                  "take the bundle within this program (--ca-file embedded)"};
    case CURLE_SSL_CONNECT_ERROR: {
      const std::string problem = handshake_problem(detail);
      if (!problem.empty()) return {tls_refused, false, where + problem};
      return {unreachable, true, where + "the connection broke during the TLS handshake"};
    }
    case CURLE_PROXY:
      return {unreachable, true, where + "the proxy refused: " + detail + "; check https_proxy"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
      // TLS 1.3 says so only after the handshake.
      if (mentions(detail, "alert certificate required")) {
        return {tls_refused, false,
                where + "it demands a certificate of its clients, and this program has none"};
      }
      return {unreachable, true, where + "the connection broke before the answer was complete"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_BAD_FUNCTION_ARGUMENT:  // a header whose name is none
      return {answer_refused, false,
              where + "the answer is no HTTP: " +
                  (detail.empty() ? "it has a header without a name" : detail)};
    default:
      return {unreachable, true,
              where + (detail.empty() ? curl_library().easy_strerror(code) : detail)};
  }
}

TransferError status_failure(int status, const Address& address, bool put) {
  bool transient = false;
  const std::string slash = " (that of a folder ends with /)";
  std::string advice;
  switch (status) {
    case 401:
    case 403:
      advice = put ? ": no permission; check --upload-credentials, or whether a signed address has "
                     "expired"
                   : ": no permission";
      break;
    case 404:
    case 409:
      advice = put ? ": there is no such place on the server; check the address" + slash : "";
      break;
    case 405:
    case 501:
      advice = put ? ": the server takes no PUT here; check the address" + slash : "";
      break;
    case 412:
      advice = ": the server states a condition that an upload does not meet";
      break;
    case 413:
      advice = ": too large for the server; its operator must raise the limit";
      break;
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
    case 507:
      transient = true;
      advice = ": the server cannot take it at the moment";
      break;
    default:
      transient = status >= 500 && status <= 599;
      break;
  }
  TransferError error(TransferFailure::answer_refused, transient,
                      address.shown() + ": the server answered " + std::to_string(status) + advice);
  error.status = status;
  return error;
}

}  // namespace axiom
