#include "client/boinc/standalone_task.h"

#include <utility>

#include "client/system/clock.h"
#include "client/system/signals.h"

namespace axiom::boinc {

StandaloneTask::StandaloneTask(Assignment assignment, double checkpoint_interval)
    : assignment_(std::move(assignment)), interval_(checkpoint_interval) {}

Requests StandaloneTask::requests() const {
  Requests requests;
  requests.signal = stop_signal();
  return requests;
}

bool StandaloneTask::time_to_checkpoint() {
  const double now = monotonic_seconds();
  if (!due_) due_ = now + interval_;
  if (now < *due_) return false;
  due_ = now + interval_;
  return true;
}

}  // namespace axiom::boinc
