// Options of libcurl: one that is refused is an error of the program, never ignored.
#pragma once

#include <stdexcept>
#include <string>

#include "client/transfer/curl_library.h"

namespace axiom {

template <typename Value>
void set_option(CURL* curl, CURLoption option, Value value) {
  if (const CURLcode code = curl_library().easy_setopt(curl, option, value); code != CURLE_OK) {
    throw std::runtime_error("libcurl refuses option " + std::to_string(option) + ": " +
                             curl_library().easy_strerror(code));
  }
}

}  // namespace axiom
