#include "client/transfer/retry.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>
#include <utility>

#include "client/system/clock.h"
#include "client/system/process.h"
#include "client/transfer/curl_library.h"

namespace axiom {

double retry_delay(const RetrySettings& settings, int failures, std::optional<double> retry_after,
                   double random) {
  const int doublings = std::clamp(failures - 1, 0, 30);
  const double bound = std::min(settings.first_delay * std::ldexp(1.0, doublings), longest_delay);
  return std::max(bound * random, std::min(retry_after.value_or(0), longest_delay));
}

std::optional<double> parse_retry_after(const std::string& value, const std::string& server_date,
                                        double now) {
  unsigned long long seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (end == value.data() + value.size() && !value.empty()) {
    // Beyond 64 bits it is a long time all the same.
    return error == std::errc() ? static_cast<double>(seconds) : longest_delay;
  }
  const std::time_t date = curl_library().getdate(value.c_str(), nullptr);
  if (date == -1) return std::nullopt;
  const std::time_t said = curl_library().getdate(server_date.c_str(), nullptr);
  if (said != -1) now = static_cast<double>(said);
  return std::max(0.0, static_cast<double>(date) - now);
}

RetryWorld real_retry_world(std::function<int()> stop_signal) {
  RetryWorld world;
  world.monotonic = monotonic_seconds;
  world.random = [generator = std::mt19937_64(std::stoull(random_hex(8), nullptr, 16))]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(generator);
  };
  world.wait = [stop_signal = std::move(stop_signal)](double seconds) {
    const double until = monotonic_seconds() + seconds;
    while (true) {
      if (const int signal = stop_signal(); signal != 0) throw TransferStopped(signal);
      const double left = until - monotonic_seconds();
      if (left <= 0) return;
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, 0.2)));
    }
  };
  return world;
}

void retry(const RetrySettings& settings, const RetryWorld& world,
           const std::function<void()>& attempt,
           const std::function<void(const TransferError&, double delay)>& report) {
  const double started = world.monotonic();
  for (int failures = 1;; ++failures) {
    double delay = 0;
    try {
      return attempt();
    } catch (const TransferError& error) {
      if (!error.transient) throw;
      delay = retry_delay(settings, failures, error.retry_after, world.random());
      if (world.monotonic() - started + delay > settings.patience) throw;
      report(error, delay);
    }
    world.wait(delay);
  }
}

}  // namespace axiom
