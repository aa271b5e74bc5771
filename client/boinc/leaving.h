// How a task leaves its slot for a while, and how often it may.
#pragma once

#include <string>

namespace axiom::boinc {

/// When a client is to start a task again that cannot go on.
struct Retry {
  int seconds = 600;
  int attempts = 0;  ///< starts in vain after which the task is given up; 0 = never
};

/// The starts of a task that came to nothing, counted in the slot. A host that fails at start would
/// otherwise empty its queue in minutes.
class Attempts {
 public:
  /// Counts one more; true if that was the last that `retry` allows. A disk that does not take the
  /// count leaves it as it was.
  bool exhausted(const Retry& retry);
  /// The task got on: what was counted no longer matters.
  void forget();

 private:
  bool forgotten_ = false;
};

/// Whether the client has been told: not while the disk is full, or if the slot cannot be written.
enum class Told { yes, disk_full, refused };
/// Tells the client as BOINC's library would, for a task that could not load it.
Told write_temporary_exit(int seconds, const std::string& reason);

}  // namespace axiom::boinc
