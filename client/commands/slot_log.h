// What a task writes to stderr.txt (docs/VOLUNTEERS.md, "What a task's log says").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/checkpoint.h"
#include "client/backends/registry.h"
#include "client/boinc/client_task.h"
#include "client/boinc/memory_gate.h"
#include "client/commands/console.h"
#include "client/commands/slot_command_line.h"
#include "client/run/worker_plan.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

/// Calls in the order of the lines. Only the first start of a task writes them all: the client
/// keeps the last 63 KB of all starts together, so those that follow write one line each, and
/// beyond 3 KiB none: the summary counts them.
class SlotLog {
 public:
  explicit SlotLog(const boinc::ClientTask& task);

  void begin(const SlotOptions& options);
  void backend(const BackendChoice& choice);
  void memory(const boinc::AllowedMemory& memory);
  void plan(const WorkerPlan& plan);
  void self_test_passed();
  void work(const WorkUnit& work);
  void starting(const Checkpoint& state, double fraction);
  /// REQUIRES: the fraction was reported.
  void progress(const RunProgress& progress);
  /// A line for each of the first ten of a start; all are counted.
  void warning(const std::string& line);
  /// Before the error, if the start has written nothing yet.
  void failed();
  /// Of an earlier start.
  void complete();
  void left(double fraction, bool saved);
  void aborted();
  void finish(const RunProgress& progress, const Checkpoint& state, const DeviceHealth& health,
              std::string_view result);

 private:
  void detail(const std::string& line);

  const boinc::ClientTask& task_;
  const bool brief_;
  const bool full_;
  bool silent_;  // nothing was written
  Console console_;
  std::string summary_;  // program, backend and threads, for the one line
  int warnings_ = 0;
};

}  // namespace axiom
