#include "client/benchmark/yardsticks.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "client/plan/device_error.h"

namespace axiom {
namespace {

constexpr int square_size = 4096;

template <class Sample>
Statistic measured(const YardstickOptions& options, Sample sample) {
  std::vector<double> samples;
  while (samples.empty() ||
         (static_cast<int>(samples.size()) < options.runs && !options.time_is_up())) {
    options.between();
    samples.push_back(sample());
  }
  return statistic(std::move(samples));
}

void measure_copies(DeviceYardsticks& yardsticks, YardstickReport& report,
                    const YardstickOptions& options) {
  try {
    report.array_bytes = yardsticks.array_bytes();
    report.copy_rate = measured(options, [&] { return yardsticks.copy_rate(); });
  } catch (const DeviceError& error) {
    if (error.status() != DeviceStatus::out_of_memory) throw;
    report.copy_failed = error.what();
  }
}

ProductReport measured_product(const Backend& backend, DeviceYardsticks& yardsticks,
                               const MatrixProduct& wanted, const YardstickOptions& options) {
  ProductReport report;
  report.product = yardsticks.fitting(wanted);
  const double peak_before = backend.measured_peak();
  report.rate = measured(options, [&] { return yardsticks.product_rate(report.product); });
  const double peak = std::max(peak_before, backend.measured_peak());
  if (peak > 0) report.share = report.rate.median / peak;
  return report;
}

// Forward through the hidden layer, which takes as many operations as each way back.
MatrixProduct largest_product(const StepReport& step) {
  return {step.batch == 0 ? step.samples : step.batch, step.width, step.width, step.networks};
}

}  // namespace

void measure_yardsticks(const Backend& backend, BackendReport& report,
                        const YardstickOptions& options) {
  const std::unique_ptr<DeviceYardsticks> yardsticks = backend.yardsticks();
  if (yardsticks == nullptr) return;
  YardstickReport& found = report.yardsticks.emplace();
  measure_copies(*yardsticks, found, options);
  found.library = yardsticks->open_library();
  if (found.library.file.empty()) return;
  try {
    const MatrixProduct square{square_size, square_size, square_size};
    found.square = measured_product(backend, *yardsticks, square, options);
    for (StepReport& step : report.steps) {
      step.product = measured_product(backend, *yardsticks, largest_product(step), options);
    }
  } catch (const std::runtime_error& error) {
    found.library.unavailable = error.what();
  }
}

}  // namespace axiom
