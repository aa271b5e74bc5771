// From measured values to the result.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "checkpoint/checkpoint.h"
#include "client/result/flat_means.h"
#include "client/result/result_document.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

struct Summary {
  std::string result;  ///< the result file's text
  FlatMeans means;
};

/// The document, not yet finished, of `count` seeds from `first` on: what a work unit of these
/// seeds alone would give. REQUIRES: they are finished; their states are not changed meanwhile.
ResultDocument summarize_seeds(const WorkUnit& work, const Checkpoint& state, std::size_t first,
                               std::size_t count);

/// Summarises each seed, in the order of the work unit. Nothing if `stop_signal` became other than
/// 0. REQUIRES: all seeds of `state` are finished.
std::optional<Summary> summarize(const WorkUnit& work, const Checkpoint& state,
                                 const std::function<int()>& stop_signal);

}  // namespace axiom
