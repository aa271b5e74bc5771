// What the project accepts, before computing.
#pragma once

#include <string>

#include "client/command_line.h"
#include "client/commands/console.h"

namespace axiom {

/// With --policy-url: gets the signed policy, keeps it in the results' directory, and throws
/// UpdateError (policy_refuses) if this program or experiment is outside it. A policy that cannot
/// be had is a warning: the one that was kept serves as long as it has not expired, and without one
/// the work goes on. One that is not properly signed is an error, unless work is under way.
void require_policy(const CommandLine& line, const std::string& experiment, bool under_way,
                    Console& console);

}  // namespace axiom
