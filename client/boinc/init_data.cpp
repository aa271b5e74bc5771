#include "client/boinc/init_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "client/boinc/trimmed.h"
#include "client/system/text.h"

namespace axiom::boinc {
namespace {

constexpr std::size_t most_name_bytes = 255;  // the client's own limit

std::string_view element(std::string_view text, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::string close = "</" + std::string(name) + ">";
  const std::size_t start = text.find(open);
  if (start == std::string_view::npos) return {};
  const std::size_t end = text.find(close, start);
  if (end == std::string_view::npos) return {};
  return trimmed(text.substr(start + open.size(), end - start - open.size()));
}

// A project's own preferences may have elements of any name.
std::string without(std::string_view text, std::string_view name) {
  const std::size_t start = text.find("<" + std::string(name) + ">");
  const std::string close = "</" + std::string(name) + ">";
  const std::size_t end = text.find(close, start == std::string_view::npos ? text.size() : start);
  if (end == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, start)).append(text.substr(end + close.size()));
}

std::string without_comments(std::string_view text) {
  constexpr std::string_view open = "<!--";
  constexpr std::string_view close = "-->";
  std::string rest;
  for (;;) {
    const std::size_t start = text.find(open);
    const std::size_t end =
        start == std::string_view::npos ? start : text.find(close, start + open.size());
    if (end == std::string_view::npos) return rest.append(text);
    rest.append(text.substr(0, start));
    text = text.substr(end + close.size());
  }
}

std::string name_in(std::string_view text, std::string_view name) {
  return std::string(element(text, name).substr(0, most_name_bytes));
}

double number(std::string_view text, std::string_view name, double absent) {
  const std::string_view digits = element(text, name);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && std::isfinite(value) ? value : absent;
}

// As the library counts: whole seconds, and its own period for less than one.
double checkpoint_period(double asked) {
  const bool counts = asked >= 1 && asked <= std::numeric_limits<int>::max();
  return counts ? std::floor(asked) : InitData{}.checkpoint_period;
}

}  // namespace

InitData parse_init_data(std::string_view whole) {
  const std::string text = without_comments(without(whole, "project_preferences"));
  if (text.find("<app_init_data>") == std::string_view::npos ||
      text.find("</app_init_data>") == std::string_view::npos) {
    throw std::runtime_error(std::string(init_data_file) + " is not what a BOINC client writes");
  }
  InitData data;
  data.work_unit_name = name_in(text, "wu_name");
  data.result_name = name_in(text, "result_name");
  data.gpu_type = name_in(text, "gpu_type");
  data.gpu_device = static_cast<int>(std::clamp(number(text, "gpu_device_num", -1), -1.0, 1e6));
  data.client_process = number(text, "client_pid", data.client_process);
  data.processors = number(text, "ncpus", data.processors);
  data.checkpoint_period = checkpoint_period(number(text, "checkpoint_period", 0));
  data.host_memory = number(text, "m_nbytes", 0);
  const double percent =
      std::max(number(text, "ram_max_used_busy_pct", 0), number(text, "ram_max_used_idle_pct", 0));
  if (percent > 0) data.memory_share = std::min(percent / 100, 1.0);
  return data;
}

std::optional<std::string> assigned_device(const InitData& data) {
  if (data.gpu_device < 0) return std::nullopt;
  std::string kind = lower_case(data.gpu_type);
  if (kind.empty() || kind == "nvidia") kind = "cuda";
  return kind + ":" + std::to_string(data.gpu_device);
}

int task_threads(const InitData& data) {
  return static_cast<int>(std::lround(std::clamp(data.processors, 1.0, 1024.0)));
}

}  // namespace axiom::boinc
