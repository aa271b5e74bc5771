// What a benchmark has found (docs/BENCHMARK.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "client/benchmark/statistic.h"
#include "client/plan/device_yardsticks.h"
#include "client/run/exit_code.h"

namespace axiom {

/// Matrix products by the vendor's library. No runs if there is none.
struct ProductReport {
  MatrixProduct product;
  Statistic rate;    ///< FLOP/s
  double share = 0;  ///< median rate / the FMA peak measured beside it; 0 without one
};

/// What a device does at most.
struct YardstickReport {
  std::size_t array_bytes = 0;  ///< of each of the two arrays
  Statistic copy_rate;          ///< bytes per second within its memory, read and written
  std::string copy_failed;      ///< why there is no such rate
  DeviceYardsticks::Library library;
  ProductReport square;
};

/// A training step on one backend. Rates in FLOP/s; a multiply-add counts as two.
struct StepReport {
  int width = 0;
  int batch = 0;     ///< 0 = full batch
  int samples = 0;   ///< of the dataset
  int networks = 1;  ///< that are trained side by side
  Statistic rate;    ///< one thread
  Statistic peak;    ///< FMA peak beside it; no runs if the backend does not tell
  double share = 0;  ///< median of rate / peak, each sample against the peak beside it
  Statistic rate_all_threads;
  ProductReport product;        ///< the step's largest, for all its networks
  std::string digest;           ///< of the parameters after the checked steps
  std::string expected_digest;  ///< the reference's
};

/// What one experiment, in its default preset, would take.
struct ExperimentReport {
  std::string experiment;
  bool measured = false;  ///< on its own shapes; else from operations and the rates above
  int networks_per_seed = 0;
  double seconds_per_seed = 0;  ///< one thread
  double seeds_per_hour = 0;    ///< one thread
  double seeds_per_hour_all_threads = 0;

  double networks_per_hour() const { return networks_per_seed * seeds_per_hour; }
  double networks_per_hour_all_threads() const {
    return networks_per_seed * seeds_per_hour_all_threads;
  }
};

struct BackendReport {
  std::string name;
  std::string identity;     ///< of the device; empty on a processor
  std::string unavailable;  ///< why this host cannot run it, or what failed while it was measured
  std::string broken;       ///< where its bits differ from the reference's
  std::vector<StepReport> steps;
  std::vector<ExperimentReport> experiments;
  std::optional<YardstickReport> yardsticks;  ///< of a device
  double speed = 0;  ///< geometric mean of the experiments' seeds per hour, all threads

  bool usable() const { return unavailable.empty() && broken.empty(); }
};

struct BenchmarkReport {
  int threads = 1;
  double seconds = 0;           ///< that the benchmark took
  double noise = 0;             ///< median spread of the training steps on one thread
  std::size_t array_bytes = 0;  ///< of each of the three arrays
  Statistic bandwidth;          ///< bytes per second, one thread
  Statistic bandwidth_all_threads;
  std::vector<BackendReport> backends;  ///< in the fixed order
  std::string fastest;                  ///< empty if none is usable

  bool any_broken() const {
    for (const BackendReport& backend : backends) {
      if (!backend.broken.empty()) return true;
    }
    return false;
  }
  /// With which the program ends.
  ExitCode exit_code() const { return any_broken() ? ExitCode::bench_broken : ExitCode::ok; }
};

/// The usable backend with the highest speed. One that comes later in the list must be faster by
/// more than 3 %, which is noise; empty if none is usable.
std::string fastest_backend(const std::vector<BackendReport>& backends);

}  // namespace axiom
