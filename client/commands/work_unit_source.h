// The work unit that the options ask for.
#pragma once

#include "client/command_line.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

/// Reads the file, or builds the same JSON from --experiment and the options beside it. IoError,
/// WorkUnitError (which names the file) or UsageError (--set).
WorkUnit requested_work(const CommandLine& line);
/// With an identifier of the host for seeds that depend on it.
WorkUnit requested_work(const CommandLine& line, const HostIdentifier& identifier);

}  // namespace axiom
