// What an answer says by itself, where that decides whether it acknowledges anything.
#pragma once

#include <string_view>

namespace axiom {

/// The status that a line of an answer states, 201 of "HTTP/1.1 201 Created"; 0 if it is no status
/// line.
long stated_status(std::string_view line);

/// Whether the body of an answer is a document in HTML, not the word "ok" as text/html: who shows
/// the same page whatever is asked for acknowledges nothing. `content_type` and `encoding` in lower
/// case; of what gzip or deflate has packed the beginning is looked at, of other packings the type.
bool shows_web_page(std::string_view answer, std::string_view content_type,
                    std::string_view encoding);

}  // namespace axiom
