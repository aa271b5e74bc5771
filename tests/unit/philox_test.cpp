// links: axiom_arithmetic
#include "client/arithmetic/philox.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace axiom::arithmetic {
namespace {

TEST(Philox, GivesThePublishedAnswers) {
  std::ifstream file(AXIOM_GOLDEN "/philox.txt");
  ASSERT_TRUE(file) << "cannot read " AXIOM_GOLDEN "/philox.txt";
  int vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    PhiloxBlock counter, expected;
    std::uint32_t key[2];
    words >> std::hex;
    for (std::uint32_t& word : counter.word) words >> word;
    for (std::uint32_t& word : key) words >> word;
    for (std::uint32_t& word : expected.word) words >> word;
    ASSERT_TRUE(words) << line;
    const PhiloxBlock block = philox4x32(counter, key[0], key[1]);
    for (int w = 0; w < 4; ++w) EXPECT_EQ(block.word[w], expected.word[w]) << line;
    ++vectors;
  }
  EXPECT_EQ(vectors, 3);
}

TEST(Philox, EveryBitOfCounterAndKeyChangesAboutHalfOfTheResult) {
  const PhiloxBlock base = philox4x32({{1, 2, 3, 4}}, 5, 6);
  for (int bit = 0; bit < 192; ++bit) {
    std::uint32_t words[6] = {1, 2, 3, 4, 5, 6};
    words[bit / 32] ^= std::uint32_t{1} << (bit % 32);
    const PhiloxBlock block =
        philox4x32({{words[0], words[1], words[2], words[3]}}, words[4], words[5]);
    int changed = 0;
    for (int w = 0; w < 4; ++w) changed += __builtin_popcount(block.word[w] ^ base.word[w]);
    // 64 ± 5.7 of 128 bits are expected.
    EXPECT_GT(changed, 38) << "bit " << bit;
    EXPECT_LT(changed, 90) << "bit " << bit;
  }
}

}  // namespace
}  // namespace axiom::arithmetic
