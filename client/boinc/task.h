// A task in a slot of the BOINC client. All functions are for one thread, the supervising one.
#pragma once

#include <memory>
#include <string>

#include "client/boinc/init_data.h"

namespace axiom::boinc {

/// What the client wants of a task.
struct Requests {
  bool suspended = false;     ///< compute nothing until this is false again
  bool quit = false;          ///< save and leave; the client will start the task again
  bool abort = false;         ///< leave; the task is over
  bool no_heartbeat = false;  ///< the client is gone: as quit
};

/// Whether the current directory is a slot.
bool in_slot();

/// Suspending and leaving are up to this program (it polls), so that no thread computes on while
/// the task counts as suspended, and nothing ends it between two instructions.
class Task {
 public:
  /// Starts the BOINC library, which handles shared memory, heartbeat and lock file in a thread of
  /// its own. std::runtime_error: library or init_data.xml are missing or not usable, the library
  /// refuses.
  Task();
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  const InitData& data() const;
  Requests requests() const;

  /// Path of a file of the work unit or result by its logical name.
  std::string resolve(const std::string& logical_name) const;

  /// 0 to 1; 1 only when the result is on disk.
  void report_fraction(double fraction);

  /// Whether the volunteer's checkpoint period has passed. If so, checkpoint_done() must follow,
  /// whether or not saving worked.
  bool time_to_checkpoint();
  /// A checkpoint that the client did not ask for: begin first.
  void begin_checkpoint();
  void checkpoint_done();

  /// From here on the client's requests wait: for writing the result and finish().
  void begin_critical_section();

  /// The task is over; 0 = the result is complete, else 1 to 191. The client then takes the files.
  [[noreturn]] void finish(int exit_code);
  /// The task cannot go on now. The client shows the reason and tries again after `seconds`.
  [[noreturn]] void temporary_exit(int seconds, const std::string& reason);
  /// Leaves without an end: the client starts the task again when it likes.
  [[noreturn]] void leave();
  /// Leaves after an abort.
  [[noreturn]] void leave_aborted();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace axiom::boinc
