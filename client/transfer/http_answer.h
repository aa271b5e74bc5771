// What an answer says by itself, where that decides whether it acknowledges anything.
#pragma once

#include <string_view>

namespace axiom {

/// The status that a line of an answer states, 201 of "HTTP/1.1 201 Created"; 0 if it is no status
/// line.
long stated_status(std::string_view line);

/// Whether that is a document in HTML, not the word "ok" as text/html: who shows the same page
/// whatever is asked for acknowledges nothing.
bool is_web_page(std::string_view answer);

/// Whether a Content-Type, in lower case, is that of such documents.
bool is_web_page_type(std::string_view content_type);

}  // namespace axiom
