#include "client/benchmark/benchmark_json.h"

namespace axiom {
namespace {

using Json = nlohmann::json;

Json optional_text(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json statistic_json(const Statistic& s, double unit) {
  if (s.runs == 0) return nullptr;
  return {{"median", s.median / unit},
          {"spread", s.spread},
          {"highest", s.highest / unit},
          {"runs", s.runs}};
}

// Nothing if it was not measured.
Json product_json(const ProductReport& report) {
  if (report.rate.runs == 0) return nullptr;
  return {{"m", report.product.m},
          {"n", report.product.n},
          {"k", report.product.k},
          {"products", report.product.count},
          {"gflops", statistic_json(report.rate, 1e9)},
          {"share_of_peak", report.share > 0 ? Json(report.share) : Json()}};
}

Json step_json(const StepReport& step) {
  return {{"width", step.width},
          {"batch", step.batch == 0 ? step.samples : step.batch},
          {"samples", step.samples},
          {"networks", step.networks},
          {"gflops", statistic_json(step.rate, 1e9)},
          {"gflops_all_threads", statistic_json(step.rate_all_threads, 1e9)},
          {"peak_gflops", statistic_json(step.peak, 1e9)},
          {"share_of_peak", step.peak.runs == 0 ? Json() : Json(step.share)},
          {"cublas", product_json(step.product)},
          {"digest", step.digest},
          {"expected_digest", step.expected_digest}};
}

Json experiment_json(const ExperimentReport& e) {
  return {{"experiment", e.experiment},
          {"method", e.measured ? "measured" : "calculated"},
          {"networks_per_seed", e.networks_per_seed},
          {"seconds_per_seed", e.seconds_per_seed},
          {"seeds_per_hour", e.seeds_per_hour},
          {"seeds_per_hour_all_threads", e.seeds_per_hour_all_threads},
          {"networks_per_hour", e.networks_per_hour()},
          {"networks_per_hour_all_threads", e.networks_per_hour_all_threads()}};
}

// "memory", "cublas" and "cublas_reason"; all null on a processor.
void add_yardsticks(Json& json, const std::optional<YardstickReport>& report) {
  json["memory"] = nullptr;
  json["cublas"] = nullptr;
  json["cublas_reason"] = nullptr;
  if (!report) return;
  json["memory"] = {{"array_bytes", report->array_bytes},
                    {"copy_gbytes", statistic_json(report->copy_rate, 1e9)},
                    {"reason", optional_text(report->copy_failed)}};
  json["cublas_reason"] = optional_text(report->library.unavailable);
  if (report->library.file.empty()) return;
  json["cublas"] = {{"library", report->library.file},
                    {"version", report->library.version},
                    {"square", product_json(report->square)}};
}

Json backend_json(const BackendReport& backend) {
  Json steps = Json::array();
  Json experiments = Json::array();
  for (const StepReport& step : backend.steps) steps.push_back(step_json(step));
  for (const ExperimentReport& e : backend.experiments) experiments.push_back(experiment_json(e));
  const char* status = !backend.broken.empty()        ? "broken"
                       : !backend.unavailable.empty() ? "unavailable"
                                                      : "equal";
  const std::string& reason = backend.broken.empty() ? backend.unavailable : backend.broken;
  Json json = {{"name", backend.name},
               {"status", status},
               {"reason", optional_text(reason)},
               {"device", optional_text(backend.identity)},
               {"speed", backend.usable() ? Json(backend.speed) : Json()},
               {"training_step", std::move(steps)},
               {"experiments", std::move(experiments)}};
  add_yardsticks(json, backend.yardsticks);
  return json;
}

}  // namespace

nlohmann::json benchmark_json(const BenchmarkReport& report, const MeasuredHost& host,
                              const std::string& date) {
  Json backends = Json::array();
  for (const BackendReport& backend : report.backends) backends.push_back(backend_json(backend));
  return {{"schema", 1},
          {"date", date},
          {"client_version", host.client_version},
          {"build", host.build},
          {"processor", host.processor},
          {"threads", report.threads},
          {"seconds", report.seconds},
          {"noise", report.noise},
          {"memory",
           {{"array_bytes", report.array_bytes},
            {"triad_gbytes", statistic_json(report.bandwidth, 1e9)},
            {"triad_gbytes_all_threads", statistic_json(report.bandwidth_all_threads, 1e9)}}},
          {"backends", std::move(backends)},
          {"fastest", optional_text(report.fastest)}};
}

}  // namespace axiom
