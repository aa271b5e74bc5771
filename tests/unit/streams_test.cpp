// links: axiom_arithmetic
// The random streams: golden values, and the statistics that the experiments rely on. All draws are
// fixed functions of fixed seeds, so a passing test keeps passing.
#include "client/arithmetic/streams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "client/arithmetic/fills.h"

namespace axiom::arithmetic {
namespace {

std::vector<float> normals(const Stream& stream, std::size_t count) {
  std::vector<float> values(count);
  fill_normal(stream, values.data(), count);
  return values;
}
std::vector<std::int32_t> permutation(const Stream& stream, std::int32_t n) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(n));
  fill_permutation(stream, values.data(), n);
  return values;
}

/// One line of tests/golden/streams.txt that draws from `stream`.
void check_golden_draw(const Stream& stream, const std::string& kind, std::istringstream& words) {
  if (kind == "word" || kind == "uniform" || kind == "normal") {
    std::uint32_t index, expected;
    words >> index >> std::hex >> expected;
    std::uint32_t value;
    if (kind == "word") {
      value = stream.word(index);
    } else if (kind == "uniform") {
      value = std::bit_cast<std::uint32_t>(stream.uniform(index));
    } else {
      value = std::bit_cast<std::uint32_t>(normals(stream, index + 1).back());
    }
    EXPECT_EQ(value, expected);
  } else if (kind == "below") {
    std::uint32_t index, n, expected;
    words >> index >> n >> expected;
    EXPECT_EQ(stream.below(index, n), expected);
    std::vector<std::int32_t> filled(index + 1);
    fill_below(stream, n, filled.data(), filled.size());
    EXPECT_EQ(filled.back(), static_cast<std::int32_t>(expected));
  } else if (kind == "permutation") {
    std::int32_t n;
    words >> n;
    std::vector<std::int32_t> expected(static_cast<std::size_t>(n));
    for (std::int32_t& value : expected) words >> value;
    EXPECT_EQ(permutation(stream, n), expected);
  } else {
    FAIL() << "unknown kind of line";
  }
}

TEST(Streams, GiveTheGoldenValues) {
  std::ifstream file(AXIOM_GOLDEN "/streams.txt");
  ASSERT_TRUE(file) << "cannot read " AXIOM_GOLDEN "/streams.txt";
  Stream stream{};
  int draws = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    SCOPED_TRACE(line);
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "stream") {
      std::uint32_t purpose;
      words >> stream.seed >> stream.trial >> stream.network >> purpose >> stream.epoch;
      stream.purpose = static_cast<Purpose>(purpose);
    } else if (kind == "mixed") {
      std::uint64_t seed, expected;
      std::uint32_t i;
      words >> seed >> i >> expected;
      EXPECT_EQ(mixed_seed(seed, i), expected);
    } else {
      check_golden_draw(stream, kind, words);
    }
    ASSERT_TRUE(words) << "malformed line";
    ++draws;
  }
  EXPECT_GE(draws, 200);
}

TEST(Streams, FillsDoNotDependOnTheirLength) {
  const Stream stream{99, 1, 2, Purpose::features, 1};
  const std::vector<float> all = normals(stream, 1500);
  std::vector<std::int32_t> all_below(1500);
  fill_below(stream, 12, all_below.data(), all_below.size());
  for (std::uint32_t i = 0; i < 1500; ++i) {
    ASSERT_EQ(all_below[i], static_cast<std::int32_t>(stream.below(i, 12)));
  }
  for (const std::size_t count : {0u, 1u, 2u, 3u, 4u, 5u, 255u, 256u, 257u, 511u, 512u, 513u}) {
    std::vector<float> part(count + 1, 77.0f);
    fill_normal(stream, part.data(), count);
    EXPECT_TRUE(std::equal(part.begin(), part.end() - 1, all.begin())) << count;
    EXPECT_EQ(part.back(), 77.0f) << count << ": wrote past the end";
    std::vector<std::int32_t> part_below(count + 1, -1);
    fill_below(stream, 12, part_below.data(), count);
    EXPECT_TRUE(std::equal(part_below.begin(), part_below.end() - 1, all_below.begin())) << count;
    EXPECT_EQ(part_below.back(), -1) << count << ": wrote past the end";
  }
}

TEST(Streams, PermutationFollowsItsDefinition) {
  const Stream stream{5, 0, 3, Purpose::permutation, 8};
  for (const std::int32_t n : {0, 1, 2, 3, 4, 5, 8, 255, 256, 257, 258, 512, 513, 1000, 5000}) {
    std::vector<std::int32_t> expected(static_cast<std::size_t>(n));
    std::iota(expected.begin(), expected.end(), 0);
    for (std::int32_t i = n - 1; i >= 1; --i) {
      const auto u = static_cast<std::uint32_t>(i);
      std::swap(expected[u], expected[stream.below(u, u + 1)]);
    }
    const std::vector<std::int32_t> values = permutation(stream, n);
    EXPECT_EQ(values, expected) << n;
    EXPECT_EQ(std::set<std::int32_t>(values.begin(), values.end()).size(), values.size()) << n;
  }
}

TEST(Streams, PermutationsAreUniform) {
  constexpr int classes = 120;  // 5!
  constexpr int draws = 24000;
  std::vector<int> counts(3125);
  for (std::uint32_t epoch = 0; epoch < draws; ++epoch) {
    int code = 0;
    for (const std::int32_t v : permutation({1, 0, 0, Purpose::permutation, epoch}, 5)) {
      code = code * 5 + v;
    }
    ++counts[static_cast<std::size_t>(code)];
  }
  double chi_square = 0;
  int seen = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++seen;
    const double expected = static_cast<double>(draws) / classes;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  EXPECT_EQ(seen, classes);
  // 119 degrees of freedom: mean 119, standard deviation 15.4.
  EXPECT_LT(chi_square, 180);
  EXPECT_GT(chi_square, 60);
}

TEST(Streams, NormalsAreStandardNormal) {
  std::vector<float> values = normals({31, 2, 0, Purpose::features, 0}, 1'000'000);
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0, fourth = 0;
  for (const float v : values) {
    const double x = static_cast<double>(v);
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_LT(std::fabs(sum / n) * std::sqrt(n), 4);              // SD of the mean 1/√n
  EXPECT_LT(std::fabs(squares / n - 1) * std::sqrt(n / 2), 4);  // Var x² = 2
  EXPECT_LT(std::fabs(fourth / n - 3) * std::sqrt(n / 96), 4);  // Var x⁴ = 96
  std::sort(values.begin(), values.end());
  EXPECT_GE(values.front(), -5.77f);
  EXPECT_LE(values.back(), 5.77f);
  double distance = 0;  // Kolmogorov–Smirnov
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double cdf = 0.5 * std::erfc(-static_cast<double>(values[i]) / std::numbers::sqrt2);
    distance = std::max({distance, std::fabs(cdf - static_cast<double>(i) / n),
                         std::fabs(cdf - static_cast<double>(i + 1) / n)});
  }
  EXPECT_LT(distance * std::sqrt(n), 1.95);  // p = 0.001
}

TEST(Streams, UniformsAndIntegersFillTheirRange) {
  const Stream stream{8, 0, 0, Purpose::labels, 0};
  std::vector<int> tenths(10);
  std::vector<std::int32_t> labels(100'000);
  fill_below(stream, 5, labels.data(), labels.size());
  std::vector<int> classes(5);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const float u = stream.uniform(i);
    ASSERT_GE(u, 0.0f);
    ASSERT_LT(u, 1.0f);
    ++tenths[static_cast<std::size_t>(u * 10.0f)];
    ASSERT_GE(labels[i], 0);
    ASSERT_LT(labels[i], 5);
    ++classes[static_cast<std::size_t>(labels[i])];
  }
  for (const int count : tenths) EXPECT_NEAR(count, 10'000, 4 * 95);
  for (const int count : classes) EXPECT_NEAR(count, 20'000, 4 * 126);
}

TEST(Streams, NeighbouringStreamsAreUncorrelated) {
  const Stream base{1000, 3, 7, Purpose::features, 2};
  std::vector<std::pair<std::string, Stream>> neighbours;
  const auto neighbour = [&](const std::string& name, auto change) {
    Stream stream = base;
    change(stream);
    neighbours.emplace_back(name, stream);
  };
  neighbour("seed + 1", [](Stream& s) { ++s.seed; });
  neighbour("seed + 2^32", [](Stream& s) { s.seed += std::uint64_t{1} << 32; });
  neighbour("trial + 1", [](Stream& s) { ++s.trial; });
  neighbour("network + 1", [](Stream& s) { ++s.network; });
  neighbour("purpose + 1", [](Stream& s) { s.purpose = Purpose::initial_weights; });
  neighbour("epoch + 1", [](Stream& s) { ++s.epoch; });
  neighbour("next mixed seed", [](Stream& s) { s.seed = mixed_seed(s.seed, 1); });
  constexpr std::size_t count = 200'000;
  const std::vector<float> x = normals(base, count);
  for (const auto& [name, stream] : neighbours) {
    const std::vector<float> y = normals(stream, count);
    for (const std::size_t lag : {0u, 1u, 2u, 4u}) {
      double product = 0;
      for (std::size_t i = 0; i + lag < count; ++i) {
        product += static_cast<double>(x[i]) * static_cast<double>(y[i + lag]);
      }
      EXPECT_LT(std::fabs(product) / std::sqrt(static_cast<double>(count)), 4.5)
          << name << ", lag " << lag;
    }
  }
}

using FillNormal = void (*)(const Stream&, float*, std::size_t);

void expect_normals_of_the_baseline(FillNormal fill) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const Stream stream{seed, 3, 141, Purpose::features, 2};
    for (const std::size_t count : {1u, 3u, 255u, 256u, 257u, 1'000'000u}) {
      std::vector<float> expected(count);
      std::vector<float> actual(count);
      baseline::fill_normal(stream, expected.data(), count);
      fill(stream, actual.data(), count);
      EXPECT_EQ(std::memcmp(expected.data(), actual.data(), count * sizeof(float)), 0)
          << seed << ", " << count;
    }
  }
}

TEST(Streams, NormalsAreEqualWithAvx2) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    GTEST_SKIP() << "SKIPPED: the processor has no AVX2 with FMA";
  }
  expect_normals_of_the_baseline(&avx2::fill_normal);
}

TEST(Streams, NormalsAreEqualWithAvx512) {
  if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "SKIPPED: the processor has no AVX-512";
  expect_normals_of_the_baseline(&avx512::fill_normal);
}

TEST(Streams, PermutationsAreEqualWithAvx2) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    GTEST_SKIP() << "SKIPPED: the processor has no AVX2 with FMA";
  }
  for (const std::int32_t n : {0, 1, 2, 3, 4, 5, 255, 256, 257, 258, 512, 1000, 70'000}) {
    const Stream stream{~std::uint64_t{0} - static_cast<std::uint64_t>(n), 2, 9,
                        Purpose::permutation, 0xffffffffu};
    std::vector<std::int32_t> expected(static_cast<std::size_t>(n) + 1, -1);
    std::vector<std::int32_t> actual = expected;
    baseline::fill_permutation(stream, expected.data(), n);
    avx2::fill_permutation(stream, actual.data(), n);
    EXPECT_EQ(expected, actual) << n;
    EXPECT_EQ(expected.back(), -1) << "written beyond its end";
    std::sort(expected.begin(), expected.end() - 1);
    for (std::int32_t i = 0; i < n; ++i) ASSERT_EQ(expected[static_cast<std::size_t>(i)], i);
  }
}

/// Any first word of a block, ends within one, thresholds at both ends, indices beyond 2^32.
TEST(Streams, FactorsAreEqualWithAvx2) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    GTEST_SKIP() << "SKIPPED: the processor has no AVX2 with FMA";
  }
  const Stream stream{77, 1, 4, Purpose::dropout, 8};
  for (const std::uint32_t first : {0u, 1u, 2u, 3u, 4u, 7u, 1'000'001u, 0xfffffff9u}) {
    for (const std::size_t count : {0u, 1u, 2u, 13u, 15u, 16u, 17u, 32u, 33u, 1000u}) {
      for (const std::uint32_t threshold : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
        std::vector<float> expected(count + 1, -1);
        std::vector<float> actual = expected;
        baseline::fill_factors(stream, first, threshold, 1.25f, expected.data(), count);
        avx2::fill_factors(stream, first, threshold, 1.25f, actual.data(), count);
        ASSERT_EQ(expected, actual) << first << ", " << count << ", " << threshold;
        for (std::size_t i = 0; i < count; ++i) {
          const bool drops = stream.word(first + static_cast<std::uint32_t>(i)) < threshold;
          ASSERT_EQ(expected[i], drops ? 0.0f : 1.25f) << first << ", " << i;
        }
        EXPECT_EQ(expected.back(), -1) << "written beyond its end";
      }
    }
  }
}

TEST(Streams, MixedSeedsDiffer) {
  std::set<std::uint64_t> seeds;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{42}}) {
    EXPECT_EQ(mixed_seed(seed, 0), seed);
    for (std::uint32_t i = 0; i < 1000; ++i) seeds.insert(mixed_seed(seed, i));
  }
  EXPECT_EQ(seeds.size(), 3000u);
}

}  // namespace
}  // namespace axiom::arithmetic
