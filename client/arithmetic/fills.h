// Functions of streams.h that fill arrays, built for two or three instruction sets: equal bits,
// since fma is exact in all. Which one runs: streams.cpp.
#pragma once

#include <cstddef>

#include "client/arithmetic/streams.h"

namespace axiom::arithmetic {

namespace baseline {
/// On any processor; fma in software where the build has none.
void fill_normal(const Stream& stream, float* out, std::size_t count);
void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n);
void fill_factors(const Stream& stream, std::uint32_t first, std::uint32_t threshold, float kept,
                  float* out, std::size_t count);
}  // namespace baseline

namespace avx2 {
/// REQUIRES: the processor and the operating system have AVX2 and FMA.
void fill_normal(const Stream& stream, float* out, std::size_t count);
void fill_permutation(const Stream& stream, std::int32_t* out, std::int32_t n);
void fill_factors(const Stream& stream, std::uint32_t first, std::uint32_t threshold, float kept,
                  float* out, std::size_t count);
}  // namespace avx2

namespace avx512 {
/// REQUIRES: the processor and the operating system have AVX-512F.
void fill_normal(const Stream& stream, float* out, std::size_t count);
}  // namespace avx512

}  // namespace axiom::arithmetic
