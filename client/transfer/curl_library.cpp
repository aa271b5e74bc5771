#include "client/transfer/curl_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "client/transfer/failure.h"

namespace axiom {
namespace {

constexpr const char* file_name = "libcurl.so.4";
constexpr unsigned int oldest_version = 0x074c00;  // 7.76.0

[[noreturn]] void refuse(const std::string& what) {
  throw TransferUnavailable(
      what +
      ": sending results, policies and updates need libcurl 7.76 or later, built with OpenSSL "
      "1.1.1 or later, as " +
      file_name + " (Debian, Ubuntu: libcurl4; Fedora, RHEL: libcurl; openSUSE: libcurl4)");
}

template <class Function>
void find(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, symbol));
  if (function == nullptr) refuse(std::string(file_name) + " lacks " + symbol);
}

// 1.1 or later of "OpenSSL/3.0.11"; in builds with several libraries those that rest are in
// parentheses.
bool is_openssl(std::string_view libraries) {
  while (!libraries.empty()) {
    const std::string_view name = libraries.substr(0, libraries.find(' '));
    libraries.remove_prefix(std::min(name.size() + 1, libraries.size()));
    constexpr std::string_view openssl = "OpenSSL/";
    if (!name.starts_with(openssl)) continue;
    int major = 0;
    int minor = 0;
    const char* const end = name.data() + name.size();
    const auto [dot, failed] = std::from_chars(name.data() + openssl.size(), end, major);
    if (failed == std::errc() && dot != end) std::from_chars(dot + 1, end, minor);
    return major > 1 || (major == 1 && minor >= 1);
  }
  return false;
}

void require_usable(const curl_version_info_data& info) {
  const std::string name = std::string("libcurl ") + info.version;
  if (info.version_num < oldest_version) refuse(name + " is too old");
  const std::string tls = info.ssl_version != nullptr ? info.ssl_version : "";
  if (!is_openssl(tls)) refuse(name + " is built with " + (tls.empty() ? "no TLS" : tls));
  for (const char* const* protocol = info.protocols; *protocol != nullptr; ++protocol) {
    if (std::string_view(*protocol) == "https") return;
  }
  refuse(name + " is built without HTTPS");
}

CurlLibrary loaded() {
  void* library = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    refuse(std::string("libcurl cannot be loaded (") +
           (reason != nullptr ? reason : "no reason given") + ")");
  }
  CurlLibrary curl{};
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_global_sslset) global_sslset = nullptr;
  decltype(&::curl_version_info) version_info = nullptr;
  find(library, "curl_version_info", version_info);
  find(library, "curl_global_init", global_init);
  find(library, "curl_global_sslset", global_sslset);
  find(library, "curl_easy_cleanup", curl.easy_cleanup);
  find(library, "curl_easy_getinfo", curl.easy_getinfo);
  find(library, "curl_easy_init", curl.easy_init);
  find(library, "curl_easy_perform", curl.easy_perform);
  find(library, "curl_easy_reset", curl.easy_reset);
  find(library, "curl_easy_setopt", curl.easy_setopt);
  find(library, "curl_easy_strerror", curl.easy_strerror);
  find(library, "curl_free", curl.free);
  find(library, "curl_getdate", curl.getdate);
  find(library, "curl_slist_append", curl.slist_append);
  find(library, "curl_slist_free_all", curl.slist_free_all);
  find(library, "curl_url", curl.url);
  find(library, "curl_url_cleanup", curl.url_cleanup);
  find(library, "curl_url_get", curl.url_get);
  find(library, "curl_url_set", curl.url_set);
  // Where there is a choice of TLS libraries, before anything else.
  global_sslset(CURLSSLBACKEND_OPENSSL, nullptr, nullptr);
  const curl_version_info_data& info = *version_info(CURLVERSION_NOW);
  require_usable(info);
  curl.version = info.version_num;
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) refuse("libcurl does not start");
  return curl;
}

}  // namespace

const CurlLibrary& curl_library() {
  static const CurlLibrary curl = loaded();
  return curl;
}

}  // namespace axiom
