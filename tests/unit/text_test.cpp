// links: axiom_system
#include "client/system/text.h"

#include <gtest/gtest.h>

namespace axiom {
namespace {

std::string all_bytes() {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) text += static_cast<char>(byte);
  return text;
}

TEST(Text, LowerCaseChangesAsciiLettersOnly) {
  EXPECT_EQ(lower_case("Content-TYPE: \xc3\x84 @[`{"), "content-type: \xc3\x84 @[`{");
  const std::string lower = lower_case(all_bytes());
  for (int byte = 0; byte < 256; ++byte) {
    const bool letter = byte >= 'A' && byte <= 'Z';
    EXPECT_EQ(lower[static_cast<std::size_t>(byte)],
              static_cast<char>(letter ? byte + 'a' - 'A' : byte));
  }
}

TEST(Text, SameLetters) {
  EXPECT_TRUE(same_letters("LocalHost", "lOCALhOST"));
  EXPECT_FALSE(same_letters("localhost", "localhos"));
  EXPECT_FALSE(same_letters("a@", "a`"));  // the bit that tells letters' case is no letter here
}

TEST(Text, PrintableAsciiIsWhatIsShown) {
  const std::string shown = printable_ascii(all_bytes());
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(shown[static_cast<std::size_t>(byte)], byte >= 32 && byte < 127 ? byte : '?');
  }
}

TEST(Text, HexOfAnyByte) {
  EXPECT_EQ(hex(std::string("\0\x01\x7f\x80\xff", 5)), "00017f80ff");
  EXPECT_EQ(hex(std::string_view()), "");
}

}  // namespace
}  // namespace axiom
