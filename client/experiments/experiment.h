// What an experiment is: parameters and a seed in, training runs out; snapshots in, numbers out.
// It never sees a device, a file or a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/plan/dataset.h"
#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

using Json = nlohmann::json;

/// Version of all six definitions (docs/EXPERIMENTS.md); work units pin it.
inline constexpr std::string_view experiment_version = "2.0";

/// One legal override: its kind, default and bounds (docs/EXPERIMENTS.md, "Parameters").
struct ParameterSpec {
  enum class Kind { integer, number, integer_list, number_list };
  std::string name;
  Kind kind;
  Json default_value;
  double minimum;  ///< of each entry
  double maximum;
  std::size_t max_items = 1;  ///< lists: 1 … max_items entries, strictly ascending
};

/// A named set of overrides, and the parameters that it fixes.
struct Preset {
  std::string name;
  Json overrides = Json::object();
  std::vector<std::string> fixed;  ///< have no single value: neither overridden nor recorded
};

/// Checked parameters: every name that the preset does not fix with its value, and the preset's.
struct Parameters {
  std::string preset = "default";
  Json values = Json::object();
};

/// Networks that are trained in step and measured together.
struct Group {
  std::vector<TrainingRun> members;
  std::vector<std::uint64_t> measured_steps;  ///< ascending; the last is every member's `steps`
  std::size_t values_per_measurement = 0;
};

/// All that one seed asks for.
struct SeedPlan {
  std::uint64_t seed = 0;
  std::vector<std::shared_ptr<Dataset>> datasets;  ///< sized by plan(), filled by generate()
  std::vector<Group> groups;
};

/// What was measured of one group: measurements × values_per_measurement; NaN = undefined.
using GroupValues = std::vector<double>;

class Experiment {
 public:
  virtual ~Experiment() = default;

  virtual std::string_view name() const = 0;
  virtual const std::vector<ParameterSpec>& parameters() const = 0;
  virtual const std::vector<Preset>& presets() const = 0;

  /// The runs of one seed, datasets sized but not filled. Cheap; no random numbers drawn.
  /// REQUIRES: parameters were made by checked_parameters().
  virtual SeedPlan plan(const Parameters& parameters, std::uint64_t seed) const = 0;
  /// Fills the datasets of a plan.
  virtual void generate(const Parameters& parameters, SeedPlan& plan) const = 0;
  /// Numbers of one group at one measured step, in double. `values` has values_per_measurement
  /// entries. Thread-safe: called from several workers for different groups.
  virtual void measure(const Parameters& parameters, const SeedPlan& plan, std::size_t group,
                       std::size_t measurement, std::span<const Snapshot> members,
                       const MatrixOps& matrix_ops, std::span<double> values) const = 0;
  /// Bytes that measure() holds at most, beyond its arguments.
  virtual std::size_t measure_bytes(const SeedPlan& plan, std::size_t group) const = 0;
  /// The seed's object of the result file, without the key "seed". The plan's datasets need not be
  /// filled; `values` has one entry per group.
  virtual Json summarize(const Parameters& parameters, const SeedPlan& plan,
                         std::span<const GroupValues> values) const = 0;
};

/// All experiments, in the order of docs/EXPERIMENTS.md.
std::span<const Experiment* const> experiments();
/// nullptr if there is none of that name.
const Experiment* find_experiment(std::string_view name);

/// Defaults, then the preset, then the overrides. Throws std::invalid_argument with one clear line
/// that names the parameter, the value and the bound: unknown preset or parameter, wrong type, out
/// of bounds, list not strictly ascending, parameter fixed by the preset.
Parameters checked_parameters(const Experiment& experiment, std::string_view preset,
                              const Json& overrides);

}  // namespace axiom
