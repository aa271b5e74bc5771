#include "client/transfer/web_page.h"

#include <algorithm>
#include <array>

#include "client/transfer/address.h"

namespace axiom {
namespace {

constexpr std::string_view white_space = " \t\r\n\f";

bool begins(std::string_view text, std::string_view word) {
  return same_letters(text.substr(0, word.size()), word);
}

void skip_white_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
}

}  // namespace

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
  // The outer elements may be left out.
  constexpr std::array<std::string_view, 4> elements = {"<html", "<head", "<title", "<body"};
  return std::any_of(elements.begin(), elements.end(), [&](std::string_view element) {
    if (!begins(answer, element) || answer.size() == element.size()) return false;
    const char next = answer[element.size()];
    return next == '>' || white_space.find(next) != std::string_view::npos;
  });
}

bool is_web_page_type(std::string_view content_type) {
  return content_type.starts_with("text/html") || content_type.starts_with("application/xhtml+xml");
}

}  // namespace axiom
