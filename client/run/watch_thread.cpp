#include "client/run/watch_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/system/clock.h"

namespace axiom {

WatchThread::WatchThread(double limit, std::function<bool()> suspended,
                         std::function<void(Place)> stuck)
    : suspended_(std::move(suspended)),
      stuck_(std::move(stuck)),
      limit_(limit),
      place_{.limit = std::max(limit, least_for_the_start)},
      watchdog_(place_.limit),
      thread_([this] { watch(); }) {}

void WatchThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void WatchThread::follow(const Runner* runner) {
  const std::lock_guard lock(mutex_);
  runner_ = runner;
  if (place_.begun) return;
  place_.begun = true;
  place_.limit = limit_;
  watchdog_ = Watchdog(limit_);
}

void WatchThread::note_piece() {
  const std::lock_guard lock(mutex_);
  ++pieces_;
}

void WatchThread::watch() {
  const std::chrono::duration<double> interval(std::clamp(limit_ / 20, 0.02, 0.5));
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return over_; })) {
    if (!is_stuck()) continue;
    const Place place = place_;
    lock.unlock();  // whoever gets on all the same is not to wait for this
    return stuck_(place);
  }
}

bool WatchThread::is_stuck() {
  RunProgress progress;
  if (runner_ != nullptr) {
    progress = runner_->progress();
    place_.fraction = progress.fraction();
  }
  return watchdog_.stuck(progress.session_flops, pieces_ + progress.pieces, monotonic_seconds(),
                         suspended_());
}

}  // namespace axiom
