// links: axiom_arithmetic mpfr gmp Threads::Threads
// grade: long
// Every float function for all 2^32 inputs. libm in binary64 is the reference; where its own error
// could change the maximum, MPFR decides.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "tests/unit/float_functions.h"

namespace axiom {
namespace {

using testing::error_in_ulp;
using testing::ExactError;
using testing::float_functions;
using testing::float_of;
using testing::FloatFunction;

// libm's error in binary64 is some 2^-28 ulp of binary32; this leaves a wide margin.
constexpr double libm_margin = 1e-6;
constexpr std::uint32_t chunk = 4096;
constexpr std::uint32_t chunks = (std::uint64_t{1} << 32) / chunk;

struct Worst {
  double error = 0;
  std::uint32_t input = 0;
  long exact_calls = 0;
};

/// A first guess of the maximum, so that few inputs come near it and need MPFR.
double sampled_maximum(const FloatFunction& function) {
  double maximum = 0;
  for (std::uint64_t pattern = 0; pattern < (std::uint64_t{1} << 32); pattern += 40961) {
    const float x = float_of(static_cast<std::uint32_t>(pattern));
    float y;
    function.evaluate(&x, &y, 1);
    maximum = std::max(maximum, error_in_ulp(y, function.libm(static_cast<double>(x))));
  }
  return maximum;
}

/// Takes chunks from the counter until none is left.
Worst search(const FloatFunction& function, double guess, std::atomic<std::uint32_t>& next) {
  ExactError exact_error;
  Worst worst{guess - libm_margin, 0, 0};
  std::array<float, chunk> x, y;
  for (std::uint32_t c; (c = next.fetch_add(1)) < chunks;) {
    for (std::uint32_t i = 0; i < chunk; ++i) x[i] = float_of(c * chunk + i);
    function.evaluate(x.data(), y.data(), chunk);
    for (std::uint32_t i = 0; i < chunk; ++i) {
      const double error = error_in_ulp(y[i], function.libm(static_cast<double>(x[i])));
      if (error <= worst.error - libm_margin) continue;
      ++worst.exact_calls;
      const double exact = exact_error(function, x[i], y[i]);
      if (exact > worst.error) worst = {exact, c * chunk + i, worst.exact_calls};
    }
  }
  mpfr_free_cache();
  return worst;
}

class FunctionsExhaustive : public ::testing::TestWithParam<FloatFunction> {};

TEST_P(FunctionsExhaustive, MaximalErrorIsTheDocumentedOne) {
  const FloatFunction& function = GetParam();
  const double guess = sampled_maximum(function);
  const unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  std::atomic<std::uint32_t> next = 0;
  std::vector<Worst> found(workers);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < workers; ++t) {
    threads.emplace_back([&, t] { found[t] = search(function, guess, next); });
  }
  for (std::thread& thread : threads) thread.join();
  Worst worst;
  long exact_calls = 0;
  for (const Worst& w : found) {
    if (w.error > worst.error) worst = w;
    exact_calls += w.exact_calls;
  }
  std::printf("%s: maximal error %.6f ulp at input bits %08x; MPFR decided %ld inputs\n",
              function.name, worst.error, worst.input, exact_calls);
  const double bound = std::stod(testing::bound_text(function.name));
  EXPECT_LE(worst.error, bound);
  EXPECT_GT(worst.error, bound - 2e-4) << "the documented error is not the measured one";
}

INSTANTIATE_TEST_SUITE_P(Float, FunctionsExhaustive, ::testing::ValuesIn(float_functions),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace axiom
