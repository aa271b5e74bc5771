// A work unit: which experiment, with what parameters and seeds (docs/WORK_UNITS.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "client/experiments/experiment.h"

namespace axiom {

/// A work unit that this program refuses; one line: what, with which value, what would be right.
class WorkUnitError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr int work_unit_schema = 1;
inline constexpr std::size_t maximum_work_unit_bytes = std::size_t{1} << 20;
inline constexpr std::uint32_t maximum_seeds = 10000;

struct WorkUnit {
  std::string name;  ///< empty if it has none
  const Experiment* experiment = nullptr;
  Parameters parameters;
  std::vector<std::uint64_t> seeds;  ///< resolved, in the order of the result
  std::uint64_t minimum_ram_bytes = std::uint64_t{4}
                                    << 30;  ///< hosts with this or less are refused
};

/// Gives the identifier of this host; called only if the seed rule asks for it.
using HostIdentifier = std::function<std::string()>;

/// Checks every key and bound. WorkUnitError if anything is not as documented.
WorkUnit parse_work_unit(std::string_view text, const HostIdentifier& host_identifier);

/// SHA-256 (hex) of all that determines the result: experiment, version, preset, parameters, seeds.
std::string work_digest(const WorkUnit& work);

}  // namespace axiom
