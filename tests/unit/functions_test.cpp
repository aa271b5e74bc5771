// links: axiom_arithmetic mpfr gmp
// The float functions: golden bits, special values, and a fixed sample against libm. All inputs are
// in functions_exhaustive_test.
#include <gtest/gtest.h>

#include <iterator>
#include <set>

#include "tests/unit/float_functions.h"

namespace axiom {
namespace {

using testing::bits_of;
using testing::error_in_ulp;
using testing::float_functions;
using testing::float_of;
using testing::FloatFunction;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

const FloatFunction* find(const std::string& name) {
  for (const FloatFunction& function : float_functions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

TEST(Functions, GiveTheGoldenBits) {
  std::ifstream file(AXIOM_GOLDEN "/functions.txt");
  ASSERT_TRUE(file) << "cannot read " AXIOM_GOLDEN "/functions.txt";
  std::set<std::string> seen;
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("bound ")) continue;
    std::istringstream words(line);
    std::string name;
    std::uint32_t input, output;
    ASSERT_TRUE(words >> name >> std::hex >> input >> output) << line;
    const FloatFunction* function = find(name);
    ASSERT_NE(function, nullptr) << line;
    const float x = float_of(input);
    float y;
    function->evaluate(&x, &y, 1);
    EXPECT_EQ(std::isnan(y) ? 0x7FC00000u : bits_of(y), output) << line;
    seen.insert(name);
    ++rows;
  }
  EXPECT_EQ(seen.size(), std::size(float_functions));
  EXPECT_GE(rows, 500);
}

TEST(Functions, SampleKeepsTheDocumentedError) {
  constexpr std::uint32_t stride = 4099;
  for (const FloatFunction& function : float_functions) {
    const double bound = std::stod(testing::bound_text(function.name));
    double worst = 0;
    for (std::uint64_t pattern = 0; pattern < (std::uint64_t{1} << 32); pattern += stride) {
      const float x = float_of(static_cast<std::uint32_t>(pattern));
      float y;
      function.evaluate(&x, &y, 1);
      const double error = error_in_ulp(y, function.libm(static_cast<double>(x)));
      ASSERT_LE(error, bound + 1e-6) << function.name << " of bits " << std::hex << pattern;
      worst = std::max(worst, error);
    }
    EXPECT_GT(worst, 0.5 * bound) << function.name << ": the sample measures nothing";
  }
}

TEST(Functions, CommentsStateTheMeasuredErrors) {
  std::ifstream file(AXIOM_GOLDEN "/../../client/arithmetic/functions.h");
  std::stringstream source;
  source << file.rdbuf();
  std::ifstream page_file(AXIOM_GOLDEN "/../../docs/ARITHMETIC.md");
  std::stringstream page;
  page << page_file.rdbuf();
  for (const FloatFunction& function : float_functions) {
    const std::string bound = testing::bound_text(function.name);
    EXPECT_NE(source.str().find(bound + " ulp"), std::string::npos) << function.name;
    EXPECT_NE(page.str().find(bound), std::string::npos) << function.name;
  }
}

TEST(Functions, SpecialValues) {
  EXPECT_EQ(bits_of(arithmetic::exp(0.0f)), bits_of(1.0f));
  EXPECT_EQ(bits_of(arithmetic::exp(-0.0f)), bits_of(1.0f));
  EXPECT_EQ(arithmetic::exp(infinity), infinity);
  EXPECT_EQ(bits_of(arithmetic::exp(-infinity)), bits_of(0.0f));
  EXPECT_TRUE(std::isnan(arithmetic::exp(nan_value)));
  EXPECT_LT(arithmetic::exp(88.72283f), infinity);
  EXPECT_EQ(arithmetic::exp(88.72284f), infinity);
  EXPECT_EQ(arithmetic::exp(-103.97207f), 0x1p-149f);
  EXPECT_EQ(arithmetic::exp(-103.97209f), 0.0f);

  EXPECT_EQ(bits_of(arithmetic::log(1.0f)), bits_of(0.0f));
  EXPECT_EQ(arithmetic::log(0.0f), -infinity);
  EXPECT_EQ(arithmetic::log(-0.0f), -infinity);
  EXPECT_EQ(arithmetic::log(infinity), infinity);
  EXPECT_TRUE(std::isnan(arithmetic::log(-0x1p-149f)));
  EXPECT_TRUE(std::isnan(arithmetic::log(-infinity)));
  EXPECT_TRUE(std::isnan(arithmetic::log(nan_value)));

  EXPECT_EQ(arithmetic::sigmoid(0.0f), 0.5f);
  EXPECT_EQ(arithmetic::sigmoid(infinity), 1.0f);
  EXPECT_EQ(bits_of(arithmetic::sigmoid(-infinity)), bits_of(0.0f));
  EXPECT_TRUE(std::isnan(arithmetic::sigmoid(nan_value)));
}

TEST(Functions, QuarterTurnsAreExact) {
  const float sines[] = {0, 1, 0, -1};
  for (int quarter = -8; quarter <= 8; ++quarter) {
    float sine, cosine;
    arithmetic::sincos_turns(0.25f * static_cast<float>(quarter), sine, cosine);
    EXPECT_EQ(sine, sines[quarter & 3]) << quarter;
    EXPECT_EQ(cosine, sines[(quarter + 1) & 3]) << quarter;
  }
}

TEST(Functions, LargeTurnsAreExactUpToTheLimit) {
  float sine, cosine;
  arithmetic::sincos_turns(0x1p21f - 0.125f, sine, cosine);
  EXPECT_EQ(sine, -cosine);
  arithmetic::sincos_turns(0x1p21f, sine, cosine);
  EXPECT_EQ(sine, 0.0f);
  EXPECT_EQ(cosine, 1.0f);
  for (const float beyond : {0x1p21f + 0.25f, -0x1p21f - 0.25f, infinity, -infinity, nan_value}) {
    arithmetic::sincos_turns(beyond, sine, cosine);
    EXPECT_TRUE(std::isnan(sine)) << beyond;
    EXPECT_TRUE(std::isnan(cosine)) << beyond;
  }
}

}  // namespace
}  // namespace axiom
