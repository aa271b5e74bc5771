// The functions of libcurl, found at run time. Only for this folder.
#pragma once

#include <curl/curl.h>

namespace axiom {

/// Loaded, not linked: the program starts, computes and runs under BOINC on hosts that have no
/// libcurl, and does not pay for the thirty libraries that it brings along.
struct CurlLibrary {
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_perform) easy_perform;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_free) free;
  decltype(&::curl_getdate) getdate;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_url) url;
  decltype(&::curl_url_cleanup) url_cleanup;
  decltype(&::curl_url_get) url_get;
  decltype(&::curl_url_set) url_set;
  unsigned int version;  ///< 0x075801 is 7.88.1
};

/// Loaded and initialized by the first call; stays for the life of the process. Thread-safe.
/// TransferUnavailable if it is missing, too old, or not built with OpenSSL: of other TLS libraries
/// this program does not know that they refuse what it must refuse.
const CurlLibrary& curl_library();

}  // namespace axiom
