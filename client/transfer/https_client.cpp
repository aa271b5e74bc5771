#include "client/transfer/https_client.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "client/system/clock.h"
#include "client/system/text.h"
#include "client/transfer/curl_failure.h"
#include "client/transfer/curl_option.h"
#include "client/transfer/http_answer.h"
#include "client/transfer/proxy.h"
#include "client/transfer/retry.h"
#include "client/transfer/verification.h"

namespace axiom {
namespace {

// libcurl gives up a header line that is too long before it hands it over: as one that there is no
// memory for, since 8.6 by an error of its own.
bool is_header_without_end(CURL* curl, CURLcode code) {
  if (code != CURLE_OUT_OF_MEMORY && code != static_cast<CURLcode>(100)) return false;
  curl_off_t connected = 0;
  curl_library().easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
  return connected > 0;
}

bool tells_of_connections() { return curl_library().version >= 0x075000; }

// `told`: by on_connected(). Later versions count as the time before a transfer what they count of
// one that never began, too.
bool was_connected(CURL* curl, bool told) {
  if (tells_of_connections()) return told;
  curl_off_t before = 0;  // also of a connection that was kept from the request before
  curl_library().easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &before);
  return before > 0;
}

void restrict_to_https(CURL* curl) {
  if (curl_library().version >= 0x075500) return set_option(curl, CURLOPT_PROTOCOLS_STR, "https");
  // CURLOPT_PROTOCOLS, CURLPROTO_HTTPS: deprecated
  set_option(curl, static_cast<CURLoption>(181), 2L);
}

long milliseconds(double seconds) { return std::max(1L, static_cast<long>(seconds * 1000)); }

}  // namespace

struct HttpsClient::Curl {
  CURL* handle = nullptr;
  std::array<char, CURL_ERROR_SIZE> detail{};

  Curl() {
    handle = curl_library().easy_init();
    if (handle == nullptr) throw std::runtime_error("libcurl cannot start");
  }
  ~Curl() { curl_library().easy_cleanup(handle); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
};

constexpr std::size_t longest_length = 18;  // digits of a Content-Length that fits 63 bits
constexpr std::size_t largest_framing = 8;  // a chunk of one byte has six

// One request and what came back.
struct HttpsClient::Exchange {
  long status = 0;
  std::string status_line;
  std::string location;
  std::string retry_after;
  std::string date;  // by the server's clock
  std::string content_type;
  std::string content_encoding;
  std::string answer;

  std::string_view unsent;
  std::string_view body;
  std::size_t header_bytes = 0;
  std::size_t framed_bytes = 0;  // of the body as they came, with what there is around its chunks
  bool headers_complete = false;
  std::size_t max_answer = 0;
  bool too_much = false;
  bool connected = false;
  bool unnamed = false;
  int stopped_by = 0;
  const TransferSettings* settings = nullptr;
  CURL* curl = nullptr;

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Exchange*>(self)->take_header({data, size});
  }
  static std::size_t on_answer(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Exchange*>(self)->take_answer({data, size});
  }
  // Before a byte of the request is sent.
  static int on_connected(void* self, char*, char*, int, int) {
    auto* exchange = static_cast<Exchange*>(self);
    exchange->connected = true;
    exchange->unnamed = lacks_host_names(exchange->curl);
    return exchange->unnamed ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
  }
  static std::size_t on_send(char* data, std::size_t, std::size_t size, void* self) {
    std::string_view& unsent = static_cast<Exchange*>(self)->unsent;
    const std::size_t length = std::min(size, unsent.size());
    std::memcpy(data, unsent.data(), length);
    unsent.remove_prefix(length);
    return length;
  }
  static int on_rewind(void* self, curl_off_t offset, int origin) {
    auto* exchange = static_cast<Exchange*>(self);
    if (origin != SEEK_SET || offset < 0 ||
        static_cast<std::size_t>(offset) > exchange->body.size()) {
      return CURL_SEEKFUNC_CANTSEEK;
    }
    exchange->unsent = exchange->body.substr(static_cast<std::size_t>(offset));
    return CURL_SEEKFUNC_OK;
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto* exchange = static_cast<Exchange*>(self);
    exchange->stopped_by = exchange->settings->stop_signal();
    return exchange->stopped_by == 0 && !exchange->too_much ? 0 : 1;
  }
  // libcurl hands over what is within the chunks, and what a Transfer-Encoding has packed: either
  // may be nothing, without end.
  static int on_debug(CURL*, curl_infotype type, char*, std::size_t size, void* self) {
    auto* exchange = static_cast<Exchange*>(self);
    if (type != CURLINFO_DATA_IN) return 0;
    exchange->framed_bytes += size;
    if (exchange->framed_bytes / largest_framing > exchange->max_answer + maximum_header_bytes) {
      exchange->too_much = true;
    }
    return 0;
  }

  std::size_t take_header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > maximum_header_bytes) {
      too_much = true;
      return 0;
    }
    const std::size_t colon = line.find(':');
    if (line.substr(0, 5) == "HTTP/") {  // a new answer, as after "100 Continue"
      headers_complete = false;
      status_line = line.substr(0, line.find_first_of("\r\n"));
      location.clear();
      retry_after.clear();
      date.clear();
      content_type.clear();
      content_encoding.clear();
    } else if (line == "\r\n" || line == "\n") {
      headers_complete = true;
    } else if (colon != std::string_view::npos && !headers_complete) {  // afterwards: trailers
      std::string_view value = line.substr(colon + 1);
      const std::size_t first = value.find_first_not_of(" \t\r\n");
      value = first == std::string_view::npos ? "" : value.substr(first);
      value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
      const std::string name = lower_case(std::string(line.substr(0, colon)));
      if (name == "location") location = value;
      if (name == "retry-after") retry_after = value;
      if (name == "date") date = value;
      if (name == "content-type") content_type = lower_case(std::string(value));
      if (name == "content-encoding") content_encoding = value;
      // libcurl reads on to the end of the connection if the number is beyond its own.
      if (name == "content-length" && value.size() > longest_length) {
        too_much = true;
        return 0;
      }
    }
    return line.size();
  }

  std::size_t take_answer(std::string_view bytes) {
    if (bytes.size() > max_answer - answer.size()) {
      too_much = true;
      return 0;
    }
    answer += bytes;
    return bytes.size();
  }
};

HttpsClient::HttpsClient(TransferSettings settings, TrustStore trust, std::string identity)
    : settings_(std::move(settings)),
      trust_(std::move(trust)),
      identity_(std::move(identity)),
      curl_(std::make_unique<Curl>()) {}

HttpsClient::~HttpsClient() = default;

void HttpsClient::perform(const Address& address, const std::string_view* body,
                          const Headers& headers, Exchange& exchange) {
  const CurlLibrary& library = curl_library();
  CURL* curl = curl_->handle;
  library.easy_reset(curl);
  exchange.settings = &settings_;
  exchange.curl = curl;
  const std::size_t expected = body == nullptr ? exchange.max_answer : body->size();
  const double total = settings_.total_timeout.value_or(300 + static_cast<double>(expected) / 1024);

  set_option(curl, CURLOPT_URL, address.text.c_str());
  restrict_to_https(curl);
  set_option(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_option(curl, CURLOPT_FOLLOWLOCATION, 0L);  // redirects have rules of their own
  set_option(curl, CURLOPT_NOSIGNAL, 1L);
  if (library.version >= 0x075700) {
    set_option(curl, CURLOPT_QUICK_EXIT, 1L);  // no wait for a name server
  }
  // Versions of libcurl read the list in different ways (networks since 7.86).
  set_option(curl, CURLOPT_NOPROXY, no_proxy_for(address.host) ? "*" : "");
  set_option(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set_option(curl, CURLOPT_ERRORBUFFER, curl_->detail.data());
  set_option(curl, CURLOPT_USERAGENT, identity_.c_str());

  verify_always(curl);
  if (tells_of_connections()) {
    set_option(curl, CURLOPT_CERTINFO, 1L);
    set_option(curl, CURLOPT_PREREQFUNCTION, &Exchange::on_connected);
    set_option(curl, CURLOPT_PREREQDATA, &exchange);
  }
  const auto certificates = set_ca_certificates(curl, trust_.certificates);
  std::string pins;
  for (const std::string& pin : settings_.pins) pins += (pins.empty() ? "" : ";") + pin;
  if (!pins.empty()) set_option(curl, CURLOPT_PINNEDPUBLICKEY, pins.c_str());

  set_option(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(settings_.connect_timeout));
  set_option(curl, CURLOPT_TIMEOUT_MS, milliseconds(total));
  set_option(curl, CURLOPT_LOW_SPEED_LIMIT, 100L);
  set_option(curl, CURLOPT_LOW_SPEED_TIME,
             std::max(1L, static_cast<long>(settings_.stall_timeout)));

  set_option(curl, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set_option(curl, CURLOPT_HEADERDATA, &exchange);
  set_option(curl, CURLOPT_WRITEFUNCTION, &Exchange::on_answer);
  set_option(curl, CURLOPT_WRITEDATA, &exchange);
  set_option(curl, CURLOPT_NOPROGRESS, 0L);
  set_option(curl, CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress);
  set_option(curl, CURLOPT_XFERINFODATA, &exchange);
  set_option(curl, CURLOPT_VERBOSE, 1L);  // to the function alone
  set_option(curl, CURLOPT_DEBUGFUNCTION, &Exchange::on_debug);
  set_option(curl, CURLOPT_DEBUGDATA, &exchange);
  if (body != nullptr) {
    exchange.body = exchange.unsent = *body;
    // A reused connection could deliver stale bytes as the next response.
    set_option(curl, CURLOPT_FRESH_CONNECT, 1L);
    set_option(curl, CURLOPT_FORBID_REUSE, 1L);
    set_option(curl, CURLOPT_UPLOAD, 1L);
    set_option(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body->size()));
    set_option(curl, CURLOPT_READFUNCTION, &Exchange::on_send);
    set_option(curl, CURLOPT_READDATA, &exchange);
    set_option(curl, CURLOPT_SEEKFUNCTION, &Exchange::on_rewind);
    set_option(curl, CURLOPT_SEEKDATA, &exchange);
  }
  std::unique_ptr<curl_slist, decltype(library.slist_free_all)> list(nullptr,
                                                                     library.slist_free_all);
  const auto append = [&](const std::string& line) {
    curl_slist* longer = library.slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  };
  // Nothing that need not be said; --print-upload shows all the rest.
  append("Accept:");
  append("Expect:");
  for (const auto& [name, value] : headers) append(name + ": " + value);
  set_option(curl, CURLOPT_HTTPHEADER, list.get());

  curl_->detail.front() = '\0';
  const CURLcode code = library.easy_perform(curl);
  if (exchange.stopped_by != 0) throw TransferStopped(exchange.stopped_by);
  const Attempt attempt{address, settings_, trust_, total, was_connected(curl, exchange.connected)};
  if (exchange.unnamed) {
    throw TransferError(
        TransferFailure::tls_refused, false,
        address.shown() +
            ": its certificate has no subjectAltName, which says for which host it is: "
            "its operator must renew it with one");
  }
  if (!exchange.headers_complete && is_header_without_end(curl, code)) {
    exchange.header_bytes = maximum_header_bytes + 1;
    exchange.too_much = true;
  }
  if (exchange.too_much) {
    throw TransferError(
        TransferFailure::too_much_data, false,
        address.shown() + ": the answer is longer than the " +
            std::to_string(exchange.header_bytes > maximum_header_bytes ? maximum_header_bytes
                                                                        : exchange.max_answer) +
            " bytes that it may have: is it the right address?");
  }
  if (code != CURLE_OK) {
    throw curl_failure(curl, code, curl_->detail.data(), attempt);
  }
  // libcurl takes an answer that was cut within its headers for a whole one.
  if (!exchange.headers_complete) {
    throw curl_failure(curl, CURLE_PARTIAL_FILE, "", attempt);
  }
  library.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.status);
  // libcurl takes a status line that it cannot read for a 200.
  if (stated_status(exchange.status_line) != exchange.status) {
    throw curl_failure(
        curl, CURLE_WEIRD_SERVER_REPLY,
        "it begins with '" + printable_ascii(exchange.status_line.substr(0, 60)) + "'", attempt);
  }
}

HttpsClient::Exchange HttpsClient::exchanged(const Address& address, const std::string_view* body,
                                             const HeadersFor& headers,
                                             const std::string& authorization,
                                             std::size_t max_bytes) {
  Address at = address;
  for (int redirects = 0;; ++redirects) {
    Exchange exchange;
    exchange.max_answer = max_bytes;
    Headers sent = headers(at);
    if (!authorization.empty() && at.same_server(address)) {
      sent.emplace_back("Authorization", authorization);
    }
    perform(at, body, sent, exchange);
    // 303 turns a PUT into a GET, whose success would acknowledge nothing.
    const long status = exchange.status;
    const bool redirected = status == 301 || status == 302 || status == 307 || status == 308 ||
                            (status == 303 && body == nullptr);
    if (!redirected) {
      if (status == 303) {
        throw TransferError(TransferFailure::redirect_refused, false,
                            at.shown() + ": the server answered 303, which a PUT cannot follow");
      }
      if (status < 200 || status > 299) {
        if (body == nullptr && (status == 404 || status == 410)) return exchange;
        TransferError error = status_failure(static_cast<int>(status), at, body != nullptr);
        if (!exchange.retry_after.empty()) {
          error.retry_after = parse_retry_after(exchange.retry_after, exchange.date, utc_seconds());
        }
        // Said of a limit that is not for good (RFC 9110, 15.5.14).
        if (status == 413 && error.retry_after) error.transient = true;
        throw error;
      }
      return exchange;
    }
    if (redirects == maximum_redirects) {
      throw TransferError(TransferFailure::redirect_refused, false,
                          address.shown() + ": redirected more than " +
                              std::to_string(maximum_redirects) + " times");
    }
    if (exchange.location.empty()) {
      throw TransferError(TransferFailure::redirect_refused, false,
                          at.shown() + ": the server redirects, but does not say where to");
    }
    try {
      at = resolve_address(at, exchange.location);
    } catch (const AddressError& error) {
      throw TransferError(TransferFailure::redirect_refused, false,
                          at.shown() + ": the server redirects, but " + error.what());
    }
  }
}

void HttpsClient::put(const Address& address, std::string_view body, const HeadersFor& headers,
                      const std::string& authorization) {
  const Exchange exchange = exchanged(address, &body, headers, authorization, maximum_answer_bytes);
  // 202 promises to look at it, 206 and the like make no sense: neither is an acknowledgement.
  if (exchange.status != 200 && exchange.status != 201 && exchange.status != 204) {
    throw status_failure(static_cast<int>(exchange.status), address, true);
  }
  // So answers who shows the same page whatever is asked for. With 201 something was made.
  if (exchange.status == 200 &&
      shows_web_page(exchange.answer, exchange.content_type, exchange.content_encoding)) {
    throw TransferError(TransferFailure::answer_refused, false,
                        address.shown() +
                            ": the server answered 200 with a web page, which acknowledges "
                            "nothing: is it the right address, and does the server take PUT?");
  }
  if (!exchange.unsent.empty()) {
    throw TransferError(TransferFailure::answer_refused, true,
                        address.shown() + ": the server acknowledged when " +
                            std::to_string(exchange.unsent.size()) + " of " +
                            std::to_string(body.size()) + " bytes were not yet sent");
  }
}

std::optional<std::string> HttpsClient::get(const Address& address, std::size_t max_bytes) {
  Exchange exchange = exchanged(
      address, nullptr, [](const Address&) { return Headers(); }, "", max_bytes);
  if (exchange.status == 404 || exchange.status == 410) return std::nullopt;
  if (exchange.status != 200) {
    throw status_failure(static_cast<int>(exchange.status), address, false);
  }
  return std::move(exchange.answer);
}

}  // namespace axiom
