// Answers for people: who shows the same page whatever is asked for acknowledges nothing.
#pragma once

#include <string_view>

namespace axiom {

/// Whether that is a document in HTML, not the word "ok" as text/html.
bool is_web_page(std::string_view answer);

/// Whether a Content-Type, in lower case, is that of such documents.
bool is_web_page_type(std::string_view content_type);

}  // namespace axiom
