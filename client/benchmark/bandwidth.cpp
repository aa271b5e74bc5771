#include "client/benchmark/bandwidth.h"

#include <barrier>
#include <vector>

#include "client/benchmark/thread_group.h"
#include "client/system/clock.h"

namespace axiom {
namespace {

void triad(double* a, const double* b, const double* c, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) a[i] = b[i] + 3.0 * c[i];
  asm volatile("" : : "r"(a) : "memory");
}

}  // namespace

Statistic measure_bandwidth(std::size_t array_bytes, int threads, int runs) {
  const auto parts = static_cast<std::size_t>(threads);
  const std::size_t part = array_bytes / sizeof(double) / parts;
  const double pass_bytes = 3.0 * sizeof(double) * static_cast<double>(part * parts);
  std::vector<double> times;
  // Called by one thread each time when all have arrived.
  std::barrier together(threads, [&]() noexcept { times.push_back(monotonic_seconds()); });
  times.reserve(static_cast<std::size_t>(runs) + 2);
  const auto work = [&](std::size_t) {
    // Each thread touches its own parts first, so that they lie near it.
    std::vector<double> a(part, 1.0);
    const std::vector<double> b(part, 2.0);
    const std::vector<double> c(part, 0.5);
    triad(a.data(), b.data(), c.data(), part);
    together.arrive_and_wait();
    for (int run = 0; run < runs; ++run) {
      triad(a.data(), b.data(), c.data(), part);
      together.arrive_and_wait();
    }
  };
  run_on_threads(parts, together, work);
  std::vector<double> rates;
  for (std::size_t i = 1; i < times.size(); ++i) {
    rates.push_back(pass_bytes / (times[i] - times[i - 1]));
  }
  return statistic(std::move(rates));
}

}  // namespace axiom
