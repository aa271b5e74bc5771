#include "client/benchmark/experiment_estimate.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "client/benchmark/trainee.h"
#include "client/plan/initial_parameters.h"
#include "client/run/memory_plan.h"
#include "client/run/work_plan.h"
#include "client/system/clock.h"

namespace axiom {
namespace {

// Networks with equal keys take equal time per step.
using ShapeKey = std::tuple<std::vector<int>, int, bool>;

ShapeKey key_of(const TrainingRun& run) {
  return {run.shape.sizes, run.batch_size(), run.dropout > 0};
}

// Groups whose members have equal keys take equal time per measurement.
using MeasurementKey = std::vector<std::pair<ShapeKey, int>>;

int evaluation_samples(const TrainingRun& run) {
  int samples = 0;
  for (const EvaluationSet& set : run.evaluation_sets) samples += set.samples;
  return samples;
}

struct Shape {
  const TrainingRun* run = nullptr;
  double flops = 0;  // of all networks of this shape
};

struct GroupShape {
  std::size_t group = 0;        // one of this kind
  double measurements = 0;      // of all groups of this kind
  double evaluation_flops = 0;  // of one measurement
};

class Estimate {
 public:
  Estimate(const Experiment& experiment, const Backend& backend, Executor& executor,
           const EstimateOptions& options)
      : experiment_(experiment),
        backend_(backend),
        executor_(executor),
        options_(options),
        parameters_(checked_parameters(experiment, "default", Json::object())),
        plan_(experiment.plan(parameters_, 1)) {
    collect();
  }

  ExperimentReport report() {
    ExperimentReport report;
    report.experiment = experiment_.name();
    report.networks_per_seed = networks_;
    report.measured = measuring_seconds() <= options_.allowed_seconds;
    report.seconds_per_seed = report.measured ? measured_seconds() : calculated_seconds();
    report.seeds_per_hour = 3600 / report.seconds_per_seed;
    return report;
  }

 private:
  void collect() {
    std::map<MeasurementKey, GroupShape> kinds;
    for (std::size_t g = 0; g < plan_.groups.size(); ++g) {
      const Group& group = plan_.groups[g];
      MeasurementKey keys;
      for (const TrainingRun& run : group.members) {
        keys.emplace_back(key_of(run), evaluation_samples(run));
        Shape& shape = shapes_[keys.back().first];
        shape.run = &run;
        shape.flops += run.flops(run.steps);
        ++networks_;
      }
      GroupShape& kind = kinds[keys];
      kind.group = g;
      kind.measurements += static_cast<double>(group.measured_steps.size());
      kind.evaluation_flops = evaluation_flops(group);
    }
    for (const auto& [keys, kind] : kinds) groups_.push_back(kind);
  }

  double evaluation_seconds(const GroupShape& kind) const {
    return kind.evaluation_flops / options_.rate(plan_.groups[kind.group].members.front());
  }

  // Expected of measured_seconds(). Twice the evaluations: metrics take time, too.
  double measuring_seconds() const {
    double seconds = 0;
    for (const auto& [key, shape] : shapes_) {
      const double step = shape.run->flops(1) / options_.rate(*shape.run);
      seconds += (options_.runs + 1) * (step + std::max(4 * step, options_.sample_seconds));
    }
    for (const GroupShape& kind : groups_) {
      seconds += std::max(2 * evaluation_seconds(kind), options_.sample_seconds);
    }
    return seconds;
  }

  double calculated_seconds() const {
    double seconds = 0;
    for (const auto& [key, shape] : shapes_) seconds += shape.flops / options_.rate(*shape.run);
    for (const GroupShape& kind : groups_) seconds += kind.measurements * evaluation_seconds(kind);
    return seconds;
  }

  double measured_seconds() {
    const double started = monotonic_seconds();
    experiment_.generate(parameters_, plan_);
    double seconds = monotonic_seconds() - started;
    for (const auto& [key, shape] : shapes_) seconds += shape.flops / training_rate(*shape.run);
    for (const GroupShape& kind : groups_) {
      seconds += kind.measurements * measurement_seconds(plan_.groups[kind.group], kind.group);
    }
    return seconds;
  }

  // Never past the run's last step: neither does the experiment. A call packs the network and the
  // data first, which the experiment does for hundreds of steps at once: the time of a call with
  // one step is subtracted.
  double training_rate(const TrainingRun& run) {
    Trainee trainee(backend_, executor_, run);
    trainee.train(1);
    const double second = run.steps > 1 ? trainee.train(1) : options_.sample_seconds;
    const auto most = static_cast<double>(run.steps);
    const auto steps = static_cast<std::uint64_t>(
        std::clamp(options_.sample_seconds / second, std::min(4.0, most), most));
    double one_seconds = std::numeric_limits<double>::infinity();
    double all_seconds = one_seconds;
    double one_flops = 0;
    double all_flops = 0;
    for (int i = 0; i < options_.runs; ++i) {
      trainee.restart();
      one_seconds = std::min(one_seconds, trainee.train(1));
      one_flops = trainee.flops();
      trainee.restart();
      all_seconds = std::min(all_seconds, trainee.train(steps));
      all_flops = trainee.flops();
    }
    if (steps == 1 || all_seconds < 1.5 * one_seconds) return all_flops / all_seconds;
    return (all_flops - one_flops) / (all_seconds - one_seconds);
  }

  // Groups like this one that the runner would measure in one go.
  std::size_t groups_at_once(const Group& group) const {
    if (backend_.device().empty()) return 1;
    constexpr std::size_t many_seeds = 1024;  // enough to fill a device
    SeedPlan alone;
    alone.groups.push_back(group);
    const DevicePlan device = plan_device_memory(alone, many_seeds, backend_, 1);
    return measured_at_once(alone, backend_, device.networks_at_once);
  }

  // One measurement of a group as the runner does it: evaluation and metrics.
  double measurement_seconds(const Group& group, std::size_t index) {
    std::vector<RunState> states(group.members.size());
    for (std::size_t m = 0; m < group.members.size(); ++m) {
      initial_parameters(group.members[m], states[m].parameters);
    }
    std::vector<std::vector<Snapshot>> snapshots(groups_at_once(group));
    std::vector<EvaluationTask> tasks;
    for (std::vector<Snapshot>& copy : snapshots) {
      copy.resize(group.members.size());
      for (std::size_t m = 0; m < group.members.size(); ++m) {
        tasks.push_back({&group.members[m], &states[m], &copy[m], &copy});
      }
    }
    std::vector<double> values(group.values_per_measurement,
                               std::numeric_limits<double>::quiet_NaN());
    std::vector<double> samples;
    double total = 0;
    while (samples.empty() ||
           (static_cast<int>(samples.size()) < options_.runs && total < options_.sample_seconds)) {
      const double started = monotonic_seconds();
      executor_.evaluate_all(tasks);
      for (const std::vector<Snapshot>& copy : snapshots) {
        experiment_.measure(parameters_, plan_, index, 0, copy, backend_.matrix_ops(), values);
      }
      samples.push_back(monotonic_seconds() - started);
      total += samples.back();
    }
    return *std::min_element(samples.begin(), samples.end()) /
           static_cast<double>(snapshots.size());
  }

  const Experiment& experiment_;
  const Backend& backend_;
  Executor& executor_;
  const EstimateOptions& options_;
  const Parameters parameters_;
  SeedPlan plan_;
  std::map<ShapeKey, Shape> shapes_;
  std::vector<GroupShape> groups_;
  int networks_ = 0;
};

}  // namespace

ExperimentReport estimate_experiment(const Experiment& experiment, const Backend& backend,
                                     Executor& executor, const EstimateOptions& options) {
  return Estimate(experiment, backend, executor, options).report();
}

}  // namespace axiom
