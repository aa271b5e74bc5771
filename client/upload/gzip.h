// The gzip format, by zlib.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace axiom {

/// Without time, name or system in the header. std::runtime_error if zlib refuses.
std::string gzip(std::string_view bytes);

/// std::runtime_error if `bytes` is not one whole gzip member, or holds more than `max_bytes`.
std::string gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace axiom
