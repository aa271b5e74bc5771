#include "client/result/telemetry.h"

#include <string_view>
#include <utility>

#include "client/system/text.h"

namespace axiom {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// '...' but no apostrophe.
void empty_quotes(std::string& text) {
  std::size_t first = text.find('\'');
  while (first != std::string::npos && first > 0 && is_letter(text[first - 1])) {
    first = text.find('\'', first + 1);
  }
  std::size_t last = text.rfind('\'');
  while (last != std::string::npos && last + 1 < text.size() && is_letter(text[last + 1])) {
    last = last == 0 ? std::string::npos : text.rfind('\'', last - 1);
  }
  if (first == std::string::npos || last == std::string::npos || last <= first) return;
  text.replace(first + 1, last - first - 1, "...");
}

// "(/home/ada/lib/x.so: no program" says no more than "(x.so: no program".
std::string without_folders(std::string part) {
  const std::size_t last = part.rfind('/');
  if (last == std::string::npos) return part;
  const std::size_t before = part.find_last_of(" ('\"=", part.find('/'));
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  return part.erase(first, last + 1 - first);
}

}  // namespace

std::string public_reason(std::string reason) {
  empty_quotes(reason);
  constexpr std::string_view separator = "; ";  // between the reasons of several backends
  std::string text;
  for (std::size_t start = 0; start < reason.size();) {
    const std::size_t found = reason.find(separator, start);
    const std::size_t end = found == std::string::npos ? reason.size() : found + separator.size();
    text += without_folders(reason.substr(start, end - start));
    start = end;
  }
  return printable_ascii(std::move(text));
}

nlohmann::json telemetry_json(const Telemetry& telemetry) {
  const double seconds = telemetry.seconds_session;
  return {{"schema", 1},
          {"client_version", telemetry.client_version},
          {"build", telemetry.build},
          {"experiment", telemetry.experiment},
          {"work_unit", telemetry.work_unit},
          {"work_digest", telemetry.work_digest},
          {"result_sha256", telemetry.result_sha256},
          {"backend", telemetry.backend},
          {"backend_reason", public_reason(telemetry.backend_reason)},
          {"processor", telemetry.processor},
          {"device", telemetry.device},
          {"device_planned_bytes", telemetry.device_planned_bytes},
          {"device_copied_bytes", telemetry.device_copied_bytes},
          {"networks_at_once", telemetry.networks_at_once},
          {"replayed_steps", telemetry.replayed_steps},
          {"audited_steps", telemetry.audited_steps},
          {"mismatches", telemetry.mismatches},
          {"started", telemetry.started},
          {"finished", telemetry.finished},
          {"threads", telemetry.threads},
          {"seeds", telemetry.seeds},
          {"seconds_session", seconds},
          {"seconds_total", telemetry.seconds_total},
          {"thread_seconds_training", telemetry.thread_seconds_training},
          {"thread_seconds_evaluating", telemetry.thread_seconds_evaluating},
          {"thread_seconds_metrics", telemetry.thread_seconds_metrics},
          {"processor_seconds_session", telemetry.processor_seconds_session},
          {"flops_session", telemetry.flops_session},
          {"flops_resumed", telemetry.flops_resumed},
          {"gflops_per_second", seconds > 0 ? telemetry.flops_session / seconds / 1e9 : 0.0},
          {"planned_bytes", telemetry.planned_bytes},
          {"peak_bytes", telemetry.peak_bytes},
          {"checkpoints", telemetry.checkpoints},
          {"resumes", telemetry.resumes}};
}

}  // namespace axiom
