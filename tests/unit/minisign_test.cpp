// links: axiom_signature axiom_system
// Signatures by the minisign tool itself.
#include "client/signature/minisign.h"

#include <gtest/gtest.h>

#include "client/signature/threshold.h"
#include "client/system/base64.h"
#include "tests/support/minisign_tool.h"

namespace axiom {
namespace {

class Minisign : public ::testing::Test {
 protected:
  PublicKey key(const std::string& name) { return parse_public_key(tool.key(name)); }
  std::string sign(const std::string& text, const std::string& name,
                   const std::string& comment = "a comment", const std::string& option = "") {
    return tool.sign(text, name, comment, option);
  }
  std::string verified(const std::string& text, const std::string& signatures,
                       const std::vector<PublicKey>& keys, std::size_t threshold) {
    return verify_threshold(text, parse_signatures(signatures), keys, threshold);
  }
  template <typename Body>
  static SignatureFailure failure(Body body) {
    try {
      body();
    } catch (const SignatureError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.failure;
    }
    ADD_FAILURE() << "accepted";
    return SignatureFailure::malformed;
  }

  testing::MinisignTool tool;
  const std::string message = "some bytes\n";
};

TEST_F(Minisign, SignaturesOfTheToolAreVerified) {
  for (const std::string& text : {message, std::string(), std::string(100000, '\0')}) {
    EXPECT_EQ(verified(text, sign(text, "a", "hello, world"), {key("a")}, 1), "hello, world");
  }
  const std::string shown = tool.read("a.pub").substr(0, tool.read("a.pub").find('\n'));
  EXPECT_TRUE(shown.ends_with(" " + key("a").name())) << shown;
}

TEST(MinisignNames, AreWrittenAsTheToolDoes) {
  const auto name = [](std::string id) {
    return parse_public_key(encode_base64("Ed" + id + std::string(32, 'k'))).name();
  };
  using namespace std::string_literals;
  // One key in sixteen has such an identifier; minisign 0.11 wrote this one as it stands here.
  EXPECT_EQ(name("\x13\x0f\x60\x01\x35\xf0\x73\x0f"s), "F73F03501600F13");
  EXPECT_EQ(name("\x13\x0f\x60\x01\x35\xf0\x73\xff"s), "FF73F03501600F13");
  EXPECT_EQ(name("\x10\0\0\0\0\0\0\0"s), "10");
  EXPECT_EQ(name(std::string(8, '\0')), "0");
}

TEST_F(Minisign, AThresholdOfDifferentKeysIsNeeded) {
  const std::vector<PublicKey> keys = {key("a"), key("b"), key("c")};
  const std::string a = sign(message, "a");
  const std::string b = sign(message, "b");
  const std::string c = sign(message, "c");
  const std::string stranger = sign(message, "stranger");
  for (const std::string& two : {a + b, b + c, c + a, a + b + c, stranger + a + b}) {
    EXPECT_EQ(verified(message, two, keys, 2), "a comment");
  }
  using enum SignatureFailure;
  EXPECT_EQ(failure([&] { verified(message, a, keys, 2); }), too_few);
  EXPECT_EQ(failure([&] { verified(message, a + stranger, keys, 2); }), too_few);
  EXPECT_EQ(failure([&] { verified(message, stranger, keys, 1); }), too_few);
  EXPECT_EQ(failure([&] { verified(message, a + a, keys, 2); }), same_key_twice);
  EXPECT_EQ(failure([&] { verified(message, a + b + a, keys, 2); }), same_key_twice);
  // Each one is genuine, but not of the same document.
  EXPECT_EQ(failure([&] { verified(message, a + sign(message, "b", "other"), keys, 2); }), mixed);
  // A wrong one spoils enough right ones.
  EXPECT_EQ(failure([&] { verified(message, a + b + sign("x", "c"), keys, 2); }), wrong);
}

TEST_F(Minisign, AnAlteredCommentIsToldFromAWrongSignature) {
  const std::string signature = sign(message, "a", "version 1");
  std::string altered = signature;
  altered.replace(altered.find("version 1"), 9, "version 2");
  using enum SignatureFailure;
  EXPECT_EQ(failure([&] { verified(message, altered, {key("a")}, 1); }), comment_altered);
  EXPECT_EQ(failure([&] { verified("other", signature, {key("a")}, 1); }), wrong);
  std::string untrusted = signature;
  untrusted.replace(0, untrusted.find('\n'), "untrusted comment: anything");
  EXPECT_EQ(verified(message, untrusted, {key("a")}, 1), "version 1");
}

TEST_F(Minisign, LegacySignaturesAreRefused) {
  EXPECT_EQ(failure([&] { verified(message, sign(message, "a", "c", "-l"), {key("a")}, 1); }),
            SignatureFailure::malformed);
}

TEST_F(Minisign, ATruncationAtAnyByteIsRefused) {
  const std::string signature = sign(message, "a");
  for (std::size_t length = 0; length < signature.size(); ++length) {
    EXPECT_EQ(failure([&] { parse_signatures(signature.substr(0, length)); }),
              SignatureFailure::malformed)
        << length;
  }
}

TEST_F(Minisign, ABitFlippedAnywhereIsRefused) {
  const std::string signature = sign(message, "a");
  const std::size_t untrusted = signature.find('\n');
  const std::vector<PublicKey> keys = {key("a")};
  for (std::size_t at = 0; at < signature.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = signature;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      // What the untrusted comment says is not signed, and nothing depends on it.
      const bool free =
          at >= sizeof("untrusted comment: ") - 1 && at < untrusted && flipped[at] != '\n';
      if (free) continue;
      EXPECT_THROW(verified(message, flipped, keys, 1), SignatureError) << at << " " << bit;
    }
  }
  for (std::size_t at = 0; at < message.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = message;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      EXPECT_EQ(failure([&] { verified(flipped, signature, keys, 1); }), SignatureFailure::wrong);
    }
  }
}

TEST_F(Minisign, PublicKeysAreReadStrictly) {
  const std::string text = key("a").text;
  EXPECT_EQ(text.size(), 56u);
  for (std::size_t at = 0; at < text.size(); ++at) {
    EXPECT_THROW(parse_public_key(text.substr(0, at)), SignatureError);
    std::string flipped = text;
    flipped[at] = '\n';
    EXPECT_THROW(parse_public_key(flipped), SignatureError);
  }
  EXPECT_THROW(parse_public_key("RE" + text.substr(2)), SignatureError);
  EXPECT_THROW(parse_public_key(text + "\n"), SignatureError);
}

TEST(Base64, HasOneForm) {
  for (const std::string& bytes : {std::string("f"), std::string("fo"), std::string("foo"),
                                   std::string("\0\xff", 2), std::string(1000, '\xaa')}) {
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
  }
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");  // RFC 4648
  EXPECT_EQ(encode_base64("fooba"), "Zm9vYmE=");
  for (const char* text : {"", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", " Zg==",
                           "Zg==\n", "Zm9v\n", "Zm-_", "Zm9v Zm9"}) {
    EXPECT_FALSE(decode_base64(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace axiom
