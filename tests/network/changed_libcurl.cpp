// The host's libcurl in another guise, for tests: AXIOM_SHIM_VERSION (as "7.76.1") and
// AXIOM_SHIM_TLS replace what it says of itself; options that came after that version are refused.
// AXIOM_SHIM_MARK names a file that is created when this library is loaded.
#include <curl/curl.h>
#include <dlfcn.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace {

void* real() {
  static void* const library = ::dlopen(AXIOM_REAL_LIBCURL, RTLD_NOW | RTLD_LOCAL);
  return library;
}

template <class Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(real(), name));
}

unsigned int version() {
  const char* text = std::getenv("AXIOM_SHIM_VERSION");
  unsigned int major = 99, minor = 0, patch = 0;
  if (text != nullptr) static_cast<void>(std::sscanf(text, "%u.%u.%u", &major, &minor, &patch));
  return major << 16 | minor << 8 | patch;
}

const bool marked = [] {
  if (const char* path = std::getenv("AXIOM_SHIM_MARK"); path != nullptr) {
    if (std::FILE* mark = std::fopen(path, "w"); mark != nullptr) std::fclose(mark);
  }
  return true;
}();

}  // namespace

#define FORWARD(result, name, parameters, arguments) \
  result name parameters { return real(&name, #name) arguments; }

extern "C" {

FORWARD(CURLcode, curl_global_init, (long flags), (flags))
FORWARD(CURLsslset, curl_global_sslset,
        (curl_sslbackend id, const char* name, const curl_ssl_backend*** all), (id, name, all))
FORWARD(CURL*, curl_easy_init, (), ())
FORWARD(void, curl_easy_cleanup, (CURL * curl), (curl))
FORWARD(CURLcode, curl_easy_perform, (CURL * curl), (curl))
FORWARD(void, curl_easy_reset, (CURL * curl), (curl))
FORWARD(const char*, curl_easy_strerror, (CURLcode code), (code))
FORWARD(void, curl_free, (void* memory), (memory))
FORWARD(time_t, curl_getdate, (const char* text, const time_t* now), (text, now))
FORWARD(curl_slist*, curl_slist_append, (curl_slist * list, const char* text), (list, text))
FORWARD(void, curl_slist_free_all, (curl_slist * list), (list))
FORWARD(CURLU*, curl_url, (), ())
FORWARD(void, curl_url_cleanup, (CURLU * url), (url))
// By another name: later headers declare its first parameter const.
CURLUcode url_get(CURLU* url, CURLUPart part, char** text, unsigned int flags) asm("curl_url_get");
CURLUcode url_get(CURLU* url, CURLUPart part, char** text, unsigned int flags) {
  return real(&url_get, "curl_url_get")(url, part, text, flags);
}
FORWARD(CURLUcode, curl_url_set,
        (CURLU * url, CURLUPart part, const char* text, unsigned int flags),
        (url, part, text, flags))

CURLcode curl_easy_setopt(CURL* curl, CURLoption option, ...) {
  std::va_list list;
  va_start(list, option);
  void* const value = va_arg(list, void*);  // all kinds are eight bytes in one register
  va_end(list);
  if (option == CURLOPT_CAINFO_BLOB && version() < 0x074d00) return CURLE_UNKNOWN_OPTION;
  if (option == CURLOPT_PROTOCOLS_STR && version() < 0x075500) return CURLE_UNKNOWN_OPTION;
  if (option == CURLOPT_PREREQFUNCTION && version() < 0x075000) return CURLE_UNKNOWN_OPTION;
  return real(&curl_easy_setopt, "curl_easy_setopt")(curl, option, value);
}

CURLcode curl_easy_getinfo(CURL* curl, CURLINFO information, ...) {
  std::va_list list;
  va_start(list, information);
  void* const value = va_arg(list, void*);
  va_end(list);
  return real(&curl_easy_getinfo, "curl_easy_getinfo")(curl, information, value);
}

curl_version_info_data* curl_version_info(CURLversion now) {
  static curl_version_info_data changed;
  changed = *real(&curl_version_info, "curl_version_info")(now);
  if (const char* text = std::getenv("AXIOM_SHIM_VERSION"); text != nullptr) {
    changed.version = text;
    changed.version_num = version();
  }
  if (const char* text = std::getenv("AXIOM_SHIM_TLS"); text != nullptr) {
    changed.ssl_version = *text == '\0' ? nullptr : text;
  }
  return &changed;
}

}  // extern "C"
