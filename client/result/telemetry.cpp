#include "client/result/telemetry.h"

namespace axiom {

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
          {"backend_reason", telemetry.backend_reason},
          {"processor", telemetry.processor},
          {"device", telemetry.device},
          {"device_planned_bytes", telemetry.device_planned_bytes},
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
          {"flops_session", telemetry.flops_session},
          {"flops_resumed", telemetry.flops_resumed},
          {"gflops_per_second", seconds > 0 ? telemetry.flops_session / seconds / 1e9 : 0.0},
          {"planned_bytes", telemetry.planned_bytes},
          {"peak_bytes", telemetry.peak_bytes},
          {"checkpoints", telemetry.checkpoints},
          {"resumes", telemetry.resumes}};
}

}  // namespace axiom
