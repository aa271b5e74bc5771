// A benchmark for scripts and for people (docs/BENCHMARK.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "client/benchmark/record.h"
#include "client/benchmark/report.h"

namespace axiom {

/// Schema 1. `host` is what was measured, `date` when.
nlohmann::json benchmark_json(const BenchmarkReport& report, const MeasuredHost& host,
                              const std::string& date);

/// At most 100 columns wide.
std::string benchmark_table(const BenchmarkReport& report, const MeasuredHost& host);

}  // namespace axiom
