// Studies as files for people and for other programs.
#pragma once

#include <span>
#include <string>

#include "client/report/study.h"

namespace axiom {

/// One HTML page with everything in it: no script, nothing loaded from elsewhere.
std::string report_page(std::span<const Study> studies);

/// A row for each seed and a column for each flat key, as RFC 4180 has it, LF at the line ends.
/// Numbers as in the result files; a number that is undefined, or not of that study, is empty.
std::string report_csv(std::span<const Study> studies);

/// "compgen 2.0, preset default but for epochs".
std::string study_title(const Study& study);

}  // namespace axiom
