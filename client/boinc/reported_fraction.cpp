#include "client/boinc/reported_fraction.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>

#include "client/boinc/task.h"

namespace axiom::boinc {
namespace {

constexpr double interval = 1;  // seconds; the library reports no more often

// Reading anything else, a pipe say, may never end.
std::FILE* open_file(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(path, unknown) ? std::fopen(path.c_str(), "r+") : nullptr;
}

}  // namespace

ReportedFraction::ReportedFraction(const std::string& path)
    : file_(open_file(path), std::fclose), noted_at_(-std::numeric_limits<double>::infinity()) {
  const bool there = file_ != nullptr;
  if (!there) file_.reset(std::fopen(path.c_str(), "wx"));
  if (!file_) return;
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);
  double noted = 0;
  // "%lf" also takes what is longer than what note() writes; the bounds decide.
  if (there && std::fscanf(file_.get(), "%lf", &noted) == 1 && noted > 0 && noted <= 1) {
    highest_ = noted;
  }
}

double ReportedFraction::next(double fraction, double now) {
  if (fraction >= 1) {
    note(1);
    return highest_ = 1;
  }
  // As the file holds it: what is given out must not be more.
  fraction = std::floor(std::fmin(fraction, most_before_the_end) * 1e6) / 1e6;
  if (fraction > highest_ && now - noted_at_ >= interval) {
    note(fraction);
    highest_ = fraction;
    noted_at_ = now;
  }
  return std::fmin(highest_, most_before_the_end);
}

// Where that fails, a start after this one may report less: nothing else depends on it.
void ReportedFraction::note(double fraction) {
  if (!file_) return;
  std::array<char, 16> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.6f\n", fraction);
  std::rewind(file_.get());
  std::fwrite(text.data(), 1, static_cast<std::size_t>(length), file_.get());
}

}  // namespace axiom::boinc
