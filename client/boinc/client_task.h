// A task in a slot of the BOINC client, over BOINC's library.
#pragma once

#include <memory>
#include <string>

#include "client/boinc/init_data.h"
#include "client/boinc/task.h"

namespace axiom::boinc {

/// Where a client sends the standard error of its tasks.
inline constexpr const char* log_file = "stderr.txt";

/// Whether the current directory is a slot.
bool in_slot();
/// Whether the client of this slot has started the process, and nobody by hand.
bool started_by_client();

/// Ends a task whose ClientTask could not be made, so that the client tries again; after the last
/// attempt, or if the client could not be told in the time that the attempts would have taken, with
/// the exit code.
[[noreturn]] void leave_without_library(int exit_code, const Retry& retry,
                                        const std::string& reason);

/// Suspending and leaving are up to this program (it polls), so that no thread computes on while
/// the task counts as suspended, and nothing ends it between two instructions.
class ClientTask final : public Task {
 public:
  /// Starts the BOINC library, which handles shared memory, heartbeat and lock file in a thread of
  /// its own. std::runtime_error: library or init_data.xml are missing or not usable, the library
  /// refuses; std::system_error with EAGAIN: for want of a thread.
  ClientTask();
  ~ClientTask() override;
  ClientTask(const ClientTask&) = delete;
  ClientTask& operator=(const ClientTask&) = delete;

  const InitData& data() const;
  /// Whether the task has been started in this slot before.
  bool started_before() const;
  /// What the client has been told so far, over all starts.
  double reported_fraction() const;
  /// Path of a file of the work unit or result by its logical name.
  std::string resolve(const std::string& logical_name) const;

  Assignment assignment() const override;
  Requests requests() const override;
  /// What was reported once is never taken back, not even after a restart that computes some of it
  /// again (ReportedFraction). More than ever before makes earlier attempts forgotten.
  void report_fraction(double fraction) override;
  bool time_to_checkpoint() override;
  void checkpoint_done() override;
  void begin_critical_section() override;
  [[noreturn]] int finish(int exit_code) override;
  [[noreturn]] int temporary_exit(int exit_code, const Retry& retry,
                                  const std::string& reason) override;

  /// Leaves without an end: the client starts the task again when it likes.
  [[noreturn]] void leave();
  /// Leaves after an abort.
  [[noreturn]] void leave_aborted();

 private:
  bool clock_set_back() const;
  void watch_clock_at_the_end();

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace axiom::boinc
