// A new program proves itself by its first start (docs/UPDATES.md, "Putting it in place").
#pragma once

#include <string>
#include <vector>

#include "client/run/exit_code.h"

namespace axiom {

/// If an update put this program in place and none of its starts has been confirmed: counts this
/// one, or, after two that failed, puts the program before back and goes on as that. Without an
/// update on trial this looks for one file and does nothing. Never throws: a start is not to fail
/// because of this.
void begin_start(const std::vector<std::string>& arguments);

/// The program works: it computes, say. From now on this start does not count as failed.
void confirm_start();

/// Confirms, unless the code says that the program itself failed.
void end_start(ExitCode code);

}  // namespace axiom
