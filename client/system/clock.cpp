#include "client/system/clock.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>

namespace axiom {

double monotonic_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

ProcessTime process_time() {
  std::timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return {monotonic_seconds(),
          static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec)};
}

namespace {

std::string timestamp_of(std::time_t now) {
  std::tm fields{};
  if (gmtime_r(&now, &fields) == nullptr) throw std::runtime_error("the system clock is not set");
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return {text, length};
}

}  // namespace

std::string utc_timestamp() { return timestamp_of(std::time(nullptr)); }

double utc_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::optional<double> parse_utc(const std::string& text) {
  int field[6];
  int length = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &field[0], &field[1], &field[2],
                  &field[3], &field[4], &field[5], &length) != 6 ||
      static_cast<std::size_t>(length) != text.size()) {
    return std::nullopt;
  }
  std::tm fields{};
  fields.tm_year = field[0] - 1900;
  fields.tm_mon = field[1] - 1;
  fields.tm_mday = field[2];
  fields.tm_hour = field[3];
  fields.tm_min = field[4];
  fields.tm_sec = field[5];
  const std::time_t seconds = timegm(&fields);
  // Dates that there are not (the 31st of June) and other ways to write one come back changed.
  if (timestamp_of(seconds) != text) return std::nullopt;
  return static_cast<double>(seconds);
}

}  // namespace axiom
