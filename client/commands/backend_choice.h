// The backend that the options ask for.
#pragma once

#include <optional>
#include <string>

#include "client/backends/registry.h"
#include "client/benchmark/record.h"
#include "client/command_line.h"

namespace axiom {

/// Where the host identifier and the record of the last benchmark are kept.
std::string data_directory(const CommandLine& line);

/// How the options want devices used.
DeviceOptions device_options(const CommandLine& line);

/// This program on this host.
MeasuredHost this_host();

/// The last benchmark, whose broken backends are excluded from then on (exclude_backends()). A
/// record that is damaged or cannot be read is a warning on standard error and ignored.
std::optional<BenchmarkRecord> take_up_benchmark(const CommandLine& line);

/// DeviceError (wrong_results): the benchmark taken up found it broken.
void require_not_broken(const Backend& backend);

/// choose_backend(), with what the last benchmark says about "auto" and about the processor's
/// share of a device's work; a processor's backend by name asks nobody.
BackendChoice requested_backend(const CommandLine& line);

}  // namespace axiom
