// What a run needs of whoever has started it: a BOINC client (ClientTask) or a person at a command
// line (StandaloneTask). requests() is for any thread, the others are for the supervising one; when
// that one hangs, another one may end the task.
#pragma once

#include <optional>
#include <string>

#include "client/boinc/leaving.h"

namespace axiom::boinc {

/// Highest fraction to report while the result is not on disk: 1 ends the task for the client.
inline constexpr double most_before_the_end = 0.999;

/// What is wanted of a task from outside.
struct Requests {
  bool suspended = false;     ///< compute nothing until this is false again
  bool quit = false;          ///< save and leave; the client will start the task again
  bool abort = false;         ///< leave; the task is over
  bool no_heartbeat = false;  ///< the client is gone: as quit
  bool restart = false;       ///< save and begin anew: BOINC's library works no longer
  int signal = 0;             ///< the system's or a person's wish to stop; 0 = none
};

/// What a task may compute with.
struct Assignment {
  std::optional<std::string> device;  ///< as a backend's name; nothing: none was assigned
  int threads = 0;                    ///< 0 = as many as the host has processors
};

class Task {
 public:
  virtual ~Task() = default;

  virtual Assignment assignment() const = 0;
  virtual Requests requests() const = 0;

  /// Of the training steps, 0 to 1; 1 only when the result is on disk.
  virtual void report_fraction(double fraction) = 0;

  /// Whether a checkpoint is due. If so, checkpoint_done() must follow, whether or not saving
  /// worked.
  virtual bool time_to_checkpoint() = 0;
  virtual void checkpoint_done() = 0;

  /// From here on requests wait: for writing the result and finish().
  virtual void begin_critical_section() = 0;

  /// The task is over; 0 = the result is complete, else 1 to 191. Under a client this ends the
  /// process, and the client takes the files. Else returns the code for whoever waits for it.
  virtual int finish(int exit_code) = 0;
  /// The task cannot go on now. A client shows the reason and starts it again. After too many
  /// attempts, and where nobody would start it again or could be told to, this is
  /// finish(exit_code).
  virtual int temporary_exit(int exit_code, const Retry& retry, const std::string& reason) = 0;
};

}  // namespace axiom::boinc
