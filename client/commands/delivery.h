// The end of a standalone run: results to disk and to the reader.
#pragma once

#include <string>

#include "client/command_line.h"
#include "client/commands/console.h"
#include "client/result/flat_means.h"
#include "client/result/result_files.h"
#include "client/result/telemetry.h"
#include "client/system/files.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

/// Prints the table, or the summary as JSON, to standard output. The files are safe by then: for
/// the table a reader that went away is a warning; IoError if the JSON does not get there.
void show_result(const CommandLine& line, const WorkUnit& work, const ResultPaths& paths,
                 const WrittenResult& written, const Telemetry& telemetry, const FlatMeans& means,
                 Console& console);

/// Says how to go on. IoError if the JSON does not get there.
void show_stop(const CommandLine& line, int signal, double fraction, Console& console);

}  // namespace axiom
