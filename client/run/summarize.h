// From measured values to the result.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "checkpoint/checkpoint.h"
#include "client/result/flat_means.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

struct Summary {
  std::string result;  ///< the result file's text
  FlatMeans means;
};

/// Summarises each seed, in the order of the work unit. Nothing if `stop_signal` became other than
/// 0. REQUIRES: all seeds of `state` are finished.
std::optional<Summary> summarize(const WorkUnit& work, const Checkpoint& state,
                                 const std::function<int()>& stop_signal);

}  // namespace axiom
