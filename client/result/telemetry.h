// What is known about how a result came about. Never part of the result.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace axiom {

struct Telemetry {
  std::string client_version;
  std::string build;
  std::string experiment;
  std::string work_unit;      ///< its name; may be empty
  std::string work_digest;    ///< hex
  std::string result_sha256;  ///< hex
  std::string backend;
  std::string backend_reason;
  std::string processor;
  std::string device;   ///< empty if the processor computed
  std::string started;  ///< ISO 8601, this session
  std::string finished;
  int threads = 0;
  std::uint64_t seeds = 0;
  double seconds_session = 0;
  double seconds_total = 0;              ///< all sessions that led here
  double thread_seconds_training = 0;    ///< this session, all threads together
  double thread_seconds_evaluating = 0;  ///< likewise
  double thread_seconds_metrics = 0;     ///< likewise
  double processor_seconds_session = 0;  ///< of the whole process
  double flops_session = 0;              ///< of training steps, counted as they were done
  double flops_resumed = 0;              ///< of the steps taken over from a checkpoint
  std::uint64_t planned_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t device_planned_bytes = 0;
  std::uint64_t device_copied_bytes = 0;  ///< between host and devices, both ways
  std::uint64_t networks_at_once = 1;     ///< per thread
  std::uint64_t replayed_steps = 0;       ///< done twice on the device and compared
  std::uint64_t audited_steps = 0;        ///< done on the processor, too
  std::uint64_t mismatches = 0;           ///< found by that; thrown away and done again
  std::uint64_t checkpoints = 0;          ///< written, all sessions
  std::uint64_t resumes = 0;
};

/// `reason` without what is this host's own: folders, what its variables hold (in quotes), and
/// characters beyond ASCII. Telemetry is uploaded.
std::string public_reason(std::string reason);

/// docs/USAGE.md, "Telemetry", says what the keys mean.
nlohmann::json telemetry_json(const Telemetry& telemetry);

}  // namespace axiom
