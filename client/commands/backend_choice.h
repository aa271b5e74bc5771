// The backend that the options ask for.
#pragma once

#include <string>

#include "client/backends/registry.h"
#include "client/benchmark/record.h"
#include "client/command_line.h"

namespace axiom {

/// Where the host identifier and the record of the last benchmark are kept.
std::string data_directory(const CommandLine& line);

/// This program on this host.
MeasuredHost this_host();

/// choose_backend(), with what the last benchmark says about "auto". A record that is damaged or
/// cannot be read is a warning on standard error and ignored.
BackendChoice requested_backend(const CommandLine& line);

}  // namespace axiom
