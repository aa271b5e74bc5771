// What a work unit will take, known without running it: operations, disk, size of its result.
#pragma once

#include <cstdint>

#include "client/run/memory_plan.h"
#include "client/work_unit/work_unit.h"

namespace axiom {

/// Of all seeds together.
struct WorkPlan {
  std::uint64_t networks = 0;
  std::uint64_t training_steps = 0;
  std::uint64_t measurements = 0;  ///< of groups of networks
  double training_flops = 0;       ///< RunProgress::total_flops of a fresh run
  double evaluation_flops = 0;     ///< networks on their evaluation sets; metrics are not counted
  std::uint64_t parameter_bytes = 0;          ///< of all networks
  std::uint64_t largest_parameter_bytes = 0;  ///< of one
  std::uint64_t result_bytes = 0;             ///< at most
};

/// Floating-point operations of one measurement of a group: networks on their evaluation sets,
/// without metrics.
double evaluation_flops(const Group& group);

/// `shape` is the plan of any seed, since all have the same shape. Trains nothing.
WorkPlan plan_work(const WorkUnit& work, const SeedPlan& shape);

/// WorkPlan::result_bytes.
std::uint64_t most_result_bytes(const WorkUnit& work, const SeedPlan& shape);

/// Memory that it takes to write the result, as long as its numbers usually are: the text, and one
/// seed as values and as text.
std::uint64_t writing_bytes(const WorkUnit& work, const SeedPlan& shape);

/// Bytes on disk at the moment of the highest use.
struct DiskPlan {
  /// Two generations, one that is being written and two damaged ones that were set aside.
  static constexpr std::uint64_t checkpoints_at_once = 5;
  /// Log, what a BOINC client puts into a slot (BOINC's two libraries), and room to spare.
  static constexpr std::uint64_t margin_bytes = std::uint64_t{16} << 20;

  std::uint64_t checkpoint = 0;  ///< one generation
  std::uint64_t result = 0;      ///< exists twice while it is written

  std::uint64_t total() const {
    return checkpoints_at_once * checkpoint + 2 * result + margin_bytes;
  }
};

/// `memory` must have been planned with checkpoints.
DiskPlan plan_disk(const WorkPlan& work, std::uint64_t seeds, const MemoryPlan& memory);

}  // namespace axiom
