// The FMA peak of one core, measured.
#pragma once

#include <cstdint>

namespace axiom::cpu {

/// FLOP/s of a chain of FMAs, a multiply-add counting as two: the best of three trials of `rounds`
/// rounds each. `chain` returns the operations that it has done.
double measure_peak(double (*chain)(std::int64_t rounds), std::int64_t rounds);

/// FLOP/s of one chain over those of another: the best of eight trials each, in turns.
double peak_ratio(double (*chain)(std::int64_t rounds), double (*other)(std::int64_t rounds),
                  std::int64_t rounds);

}  // namespace axiom::cpu
