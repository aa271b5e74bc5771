// Asks the watchdog in a thread of its own: the others may wait for what never comes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "client/run/runner.h"
#include "client/run/watchdog.h"

namespace axiom {

/// What is watched from start to end: first the start, then a runner, then pieces of work.
class WatchThread {
 public:
  static constexpr double least_for_the_start = 10;  // seconds

  /// Where a run is stuck.
  struct Place {
    bool begun = false;   ///< a runner has been there
    double fraction = 0;  ///< of its work
    double limit = 0;     ///< for how long: seconds
  };

  /// `limit` in seconds; the start has least_for_the_start at least. Both functions are called in
  /// the thread; `suspended`: whether standing still is right; `stuck`: once at most.
  /// std::system_error if the system starts no thread.
  WatchThread(double limit, std::function<bool()> suspended, std::function<void(Place)> stuck);
  ~WatchThread() { stop(); }
  WatchThread(const WatchThread&) = delete;
  WatchThread& operator=(const WatchThread&) = delete;

  /// From here on the runner's progress shows that the run gets on; nullptr: it is to be destroyed.
  void follow(const Runner* runner);
  /// A piece of work was done outside of a runner.
  void note_piece();
  /// No more watching. Returns when neither function is at work any more.
  void stop();

 private:
  void watch();
  bool is_stuck();

  const std::function<bool()> suspended_;
  const std::function<void(Place)> stuck_;
  const double limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  Place place_;
  Watchdog watchdog_;
  const Runner* runner_ = nullptr;
  std::uint64_t pieces_ = 0;
  std::thread thread_;  // last: it uses the others
};

/// Follows a runner as long as both live.
class Followed {
 public:
  Followed(WatchThread& watch, const Runner& runner) : watch_(watch) { watch_.follow(&runner); }
  ~Followed() { watch_.follow(nullptr); }
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;

 private:
  WatchThread& watch_;
};

}  // namespace axiom
