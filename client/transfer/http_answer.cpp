#include "client/transfer/http_answer.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "client/system/text.h"

namespace axiom {
namespace {

constexpr std::string_view white_space = " \t\r\n\f";

bool begins(std::string_view text, std::string_view word) {
  return same_letters(text.substr(0, word.size()), word);
}

void skip_white_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_web_page(std::string_view answer) {
  if (answer.starts_with("\xef\xbb\xbf")) answer.remove_prefix(3);
  while (true) {  // what may stand before it in XHTML
    skip_white_space(answer);
    const std::string_view end = answer.starts_with("<?xml")  ? "?>"
                                 : answer.starts_with("<!--") ? "-->"
                                                              : "";
    if (end.empty()) break;
    const std::size_t at = answer.find(end);
    if (at == std::string_view::npos) return false;
    answer.remove_prefix(at + end.size());
  }
  constexpr std::string_view doctype = "<!doctype";
  if (begins(answer, doctype)) {
    answer.remove_prefix(doctype.size());
    skip_white_space(answer);
    return begins(answer, "html");
  }
  // The outer elements may be left out, as by pages that only lead to another one.
  constexpr std::array<std::string_view, 8> elements = {"<html", "<head", "<title",  "<body",
                                                        "<meta", "<link", "<script", "<style"};
  return std::any_of(elements.begin(), elements.end(), [&](std::string_view element) {
    if (!begins(answer, element) || answer.size() == element.size()) return false;
    const char next = answer[element.size()];
    return next == '>' || white_space.find(next) != std::string_view::npos;
  });
}

bool is_web_page_type(std::string_view content_type) {
  return content_type.starts_with("text/html") || content_type.starts_with("application/xhtml+xml");
}

// "" if it is not packed like that. A bomb ends where the room does.
std::string unpacked_beginning(std::string_view packed, int window) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) return "";
  std::string text(4096, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  inflate(&stream, Z_SYNC_FLUSH);
  text.resize(text.size() - stream.avail_out);
  inflateEnd(&stream);
  return text;
}

}  // namespace

long stated_status(std::string_view line) {
  constexpr std::string_view name = "HTTP/";
  if (!line.starts_with(name)) return 0;
  line.remove_prefix(name.size());
  const std::string_view version = line.substr(0, line.find(' '));
  const bool known =
      (version.size() == 1 && is_digit(version[0])) ||
      (version.size() == 3 && is_digit(version[0]) && version[1] == '.' && is_digit(version[2]));
  if (!known) return 0;
  line.remove_prefix(version.size());
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  long status = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), status);
  return error == std::errc() && end == line.data() + 3 ? status : 0;
}

bool shows_web_page(std::string_view answer, std::string_view content_type,
                    std::string_view encoding) {
  if (is_web_page(answer)) return true;  // whatever is said of it
  if (encoding.empty() || answer.empty()) return false;
  if (is_web_page_type(content_type)) return true;
  constexpr int gzip_or_zlib = 15 + 32;
  constexpr int bare = -15;  // as some servers understand "deflate"
  return is_web_page(unpacked_beginning(answer, gzip_or_zlib)) ||
         is_web_page(unpacked_beginning(answer, bare));
}

}  // namespace axiom
