#include "client/upload/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>

namespace axiom {
namespace {

constexpr int gzip_window = 15 + 16;  // 32 KiB, gzip instead of zlib framing
constexpr int unknown_system = 255;   // RFC 1952; zlib would name the one it was built for

// zlib counts in 32 bits.
uInt portion(std::size_t bytes) {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max() / 2));
}

Bytef* input(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("zlib cannot start to compress");
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, deflateEnd);
  gz_header header{};
  header.os = unknown_system;
  if (deflateSetHeader(&stream, &header) != Z_OK) throw std::runtime_error("zlib cannot compress");
  std::string packed;
  char buffer[1 << 16];
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    if (stream.avail_in == 0 && !bytes.empty()) {
      stream.next_in = input(bytes);
      stream.avail_in = portion(bytes.size());
      bytes.remove_prefix(stream.avail_in);
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    code = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    if (code == Z_STREAM_ERROR) throw std::runtime_error("zlib cannot compress");
    packed.append(buffer, sizeof buffer - stream.avail_out);
  }
  return packed;
}

std::string gunzip(std::string_view bytes, std::size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) {
    throw std::runtime_error("zlib cannot start to decompress");
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::string text;
  char buffer[1 << 16];
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      stream.next_in = input(bytes);
      stream.avail_in = portion(bytes.size());
      bytes.remove_prefix(stream.avail_in);
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    code = inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) throw std::runtime_error("not gzip, or cut off");
    text.append(buffer, sizeof buffer - stream.avail_out);
    if (text.size() > max_bytes) {
      throw std::runtime_error("holds more than " + std::to_string(max_bytes) + " bytes");
    }
  }
  if (stream.avail_in != 0 || !bytes.empty()) throw std::runtime_error("bytes after the end");
  return text;
}

}  // namespace axiom
