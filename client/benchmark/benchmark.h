// The self-benchmark: how fast each backend of this host is, and whether it computes right.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "client/benchmark/report.h"
#include "client/experiments/experiment.h"
#include "client/plan/backend.h"

namespace axiom {

struct BenchmarkOptions {
  double seconds = 40;  ///< aims to be done by then; at least one run of everything
  int threads = 1;      ///< of the measurements with all threads
  std::vector<int> widths = {32, 64, 128, 256};
  std::span<const Experiment* const> experiments;
  double sample_seconds = 0.02;                         ///< of one timed stretch of training
  std::size_t array_bytes = std::size_t{64} << 20;      ///< of each array of the memory measurement
  std::function<int()> stop_signal = [] { return 0; };  ///< polled; 0 = go on
  std::function<void(std::string_view)> note = [](auto) {};  ///< hears what is measured next
};

/// Measures `backends` against `reference`, which may be one of them. Every round goes through all
/// backends, so that a drifting clock rate or another program meets all alike, and every sample of
/// a backend begins with steps whose outcome is compared with the reference's, bit for bit. What a
/// backend throws makes it unavailable. Nothing if a stop signal came.
std::optional<BenchmarkReport> run_benchmark(std::span<const Backend* const> backends,
                                             const Backend& reference,
                                             const BenchmarkOptions& options);

}  // namespace axiom
