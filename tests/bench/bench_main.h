// What the benchmarks' programs have in common.
#pragma once

#include <benchmark/benchmark.h>

namespace axiom::bench {

/// Runs what `register_all` registers, as the command line says.
inline int run_benchmarks(int argc, char** argv, void (*register_all)()) {
  register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace axiom::bench
