#include "client/commands/console.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include "client/commands/errors.h"
#include "client/commands/start_trial.h"
#include "client/system/process.h"

namespace axiom {
namespace {

constexpr double rewrite_interval = 0.2;  // seconds

void write(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

std::string readable_duration(double seconds) {
  const auto total = static_cast<long long>(std::llround(std::fmin(seconds, 1e12)));
  std::array<char, 64> text{};
  if (seconds < 9.95) {
    std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  } else if (total < 60) {
    std::snprintf(text.data(), text.size(), "%lld s", total);
  } else if (total < 3600) {
    std::snprintf(text.data(), text.size(), "%lld min %02lld s", total / 60, total % 60);
  } else if (total < 86400) {
    std::snprintf(text.data(), text.size(), "%lld h %02lld min", total / 3600, total / 60 % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%lld d %02lld h", total / 86400, total / 3600 % 24);
  }
  return text.data();
}

std::string readable_percent(double fraction) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", std::floor(fraction * 1000) / 10);
  return text.data();
}

std::string progress_text(const RunProgress& progress) {
  std::string percent = readable_percent(progress.fraction());
  const auto left = progress.seconds_left();
  if (!left) return percent;  // there is no measure of the speed yet
  std::array<char, 64> speed{};
  std::snprintf(speed.data(), speed.size(), "  %.1f GFLOP/s", progress.gflops_per_second());
  return percent + speed.data() + "  " + readable_duration(*left) + " left";
}

Console::Console(std::string label, bool quiet)
    : label_(std::move(label)), quiet_(quiet), terminal_(is_terminal(2)) {}

void Console::progress(const RunProgress& progress) {
  confirm_start();  // it computes
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  const std::string line = label_ + " " + progress_text(progress);
  if (terminal_) {
    if (progress.seconds - shown_at_ < rewrite_interval) return;
    shown_at_ = progress.seconds;
    return rewrite(line);
  }
  const int tenths = static_cast<int>(progress.fraction() * 10);
  if (tenths <= shown_tenths_) return;
  shown_tenths_ = tenths;
  write(line + "\n");
}

void Console::warning(const std::string& line) {
  const std::lock_guard lock(mutex_);
  write(cleared());
  print_diagnostic("warning", line);
}

void Console::note(std::string_view line) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  write(cleared() + one_line(line) + "\n");
}

void Console::finish(const RunProgress& progress) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  std::array<char, 64> speed{};
  std::snprintf(speed.data(), speed.size(), "%.1f", progress.gflops_per_second());
  // Not waited for, either: the result is not written yet.
  line_.write(cleared() + label_ + " trained and measured in " +
              readable_duration(progress.seconds) + ", " + speed.data() + " GFLOP/s\n");
}

// A line that is wrapped cannot be rewritten.
std::size_t Console::longest_line() const {
  const std::size_t columns = terminal_columns(2);
  return columns > 1 ? columns - 1 : std::string::npos;
}

void Console::rewrite(const std::string& line) {
  const std::size_t longest = longest_line();
  std::string text = line.substr(0, longest);
  const std::size_t length = text.size();
  text.resize(std::max(length, std::min(shown_length_, longest)), ' ');
  line_.write("\r" + text);
  shown_length_ = length;
}

// What takes the progress line away.
std::string Console::cleared() {
  if (shown_length_ == 0) return {};
  std::string text(std::min(shown_length_, longest_line()) + 2, ' ');
  text.front() = text.back() = '\r';
  shown_length_ = 0;
  return text;
}

}  // namespace axiom
