// links: axiom_update
// grade: medium
// Documents signed by the minisign tool itself, then cut, flipped and mixed.
#include <gtest/gtest.h>

#include "client/system/clock.h"
#include "client/system/digest.h"
#include "client/update/executable_signature.h"
#include "client/update/installation.h"
#include "client/update/manifest.h"
#include "client/update/policy.h"
#include "tests/support/minisign_tool.h"

namespace axiom {
namespace {

constexpr double now = 1'800'000'000;  // 2027-01-15

class Update : public ::testing::Test {
 protected:
  std::string signed_by(const std::string& text, const std::string& as, const std::string& first,
                        const std::string& second) {
    return tool.sign(text, first, as) + tool.sign(text, second, as);
  }
  std::string key_list_text(int number = 1) {
    return R"({"schema":1,"type":"axiom-client keys","number":)" + std::to_string(number) +
           R"(,"threshold":2,"keys":[")" + tool.key("a") + R"(",")" + tool.key("b") + R"(",")" +
           tool.key("c") + R"("],"next":[]})";
  }
  KeyList keys() { return parse_key_list(key_list_text()); }

  template <typename Body>
  static std::optional<UpdateFailure> failure(Body body) {
    try {
      body();
    } catch (const UpdateError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.failure;
    }
    return std::nullopt;
  }

  testing::MinisignTool tool;
  const std::string program = "the bytes of a program";
  const std::string manifest =
      R"({"schema":1,"type":"axiom-client manifest","number":5,"version":"0.2.0",)"
      R"("minimum_version":"0.1.0","date":"2027-01-10T00:00:00Z","expires":"2027-02-10T00:00:00Z",)"
      R"("platforms":{"x86_64-pc-linux-gnu":{"url":"p","size":22,"sha256":")" +
      sha256_hex(program) + R"("}}})" + "\n";
  const std::string comment = "axiom-client manifest 5";
};

TEST_F(Update, AManifestIsRead) {
  const Manifest read =
      verified_manifest(manifest, signed_by(manifest, comment, "a", "c"), keys(), now);
  EXPECT_EQ(read.number, 5u);
  EXPECT_EQ(read.version, (VersionNumber{{0, 2, 0}}));
  const ReleaseFile& file = file_for(read, "x86_64-pc-linux-gnu");
  require_release(file, program);
  EXPECT_EQ(failure([&] { file_for(read, "other"); }), UpdateFailure::wrong_platform);
}

TEST_F(Update, AManifestCutAtAnyByteIsRefused) {
  const std::string signatures = signed_by(manifest, comment, "a", "b");
  const KeyList list = keys();
  for (std::size_t length = 0; length < manifest.size(); ++length) {
    EXPECT_EQ(
        failure([&] { verified_manifest(manifest.substr(0, length), signatures, list, now); }),
        UpdateFailure::signature_wrong)
        << length;
  }
  for (std::size_t length = 0; length < signatures.size(); ++length) {
    const auto kind =
        failure([&] { verified_manifest(manifest, signatures.substr(0, length), list, now); });
    // Cut between the two signatures, one is left whole.
    EXPECT_TRUE(kind == UpdateFailure::signature_malformed ||
                kind == UpdateFailure::too_few_signatures)
        << length;
  }
}

TEST_F(Update, AManifestWithABitFlippedAnywhereIsRefused) {
  const std::string signatures = signed_by(manifest, comment, "a", "b");
  const KeyList list = keys();
  for (std::size_t at = 0; at < manifest.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = manifest;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      EXPECT_EQ(failure([&] { verified_manifest(flipped, signatures, list, now); }),
                UpdateFailure::signature_wrong);
    }
  }
}

TEST_F(Update, AProgramCutOrFlippedAnywhereIsRefused) {
  const ReleaseFile file{"p", program.size(), sha256_hex(program)};
  for (std::size_t at = 0; at < program.size(); ++at) {
    EXPECT_EQ(failure([&] { require_release(file, program.substr(0, at)); }),
              UpdateFailure::wrong_size);
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = program;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      EXPECT_EQ(failure([&] { require_release(file, flipped); }), UpdateFailure::wrong_hash);
    }
  }
  EXPECT_EQ(failure([&] { require_release(file, program + "x"); }), UpdateFailure::wrong_size);
}

TEST_F(Update, TimesHaveABoundToTheSecond) {
  const std::string signatures = signed_by(manifest, comment, "a", "b");
  const KeyList list = keys();
  const double date = *parse_utc("2027-01-10T00:00:00Z");
  const double expires = *parse_utc("2027-02-10T00:00:00Z");
  const auto at = [&](double time) {
    return failure([&] { verified_manifest(manifest, signatures, list, time); });
  };
  EXPECT_EQ(at(date - 86400), std::nullopt);
  EXPECT_EQ(at(date - 86401), UpdateFailure::from_the_future);
  EXPECT_EQ(at(expires - 1), std::nullopt);
  EXPECT_EQ(at(expires), UpdateFailure::expired);
}

TEST_F(Update, APolicyDecides) {
  const std::string text =
      R"({"schema":1,"type":"axiom-client policy","number":2,"date":"2027-01-10T00:00:00Z",)"
      R"("expires":"2027-02-10T00:00:00Z","minimum_client_version":"0.2.0",)"
      R"("experiment_versions":{"compgen":["2.0","2.1"],"featrank":[]}})";
  const Policy policy =
      verified_policy(text, signed_by(text, "axiom-client policy 2", "b", "c"), keys(), now);
  const auto accepted = [&](const char* client, const char* experiment, const char* version) {
    return failure([&] { require_accepted(policy, client, experiment, version); });
  };
  EXPECT_EQ(accepted("0.2.0", "compgen", "2.0"), std::nullopt);
  EXPECT_EQ(accepted("0.10.0", "compgen", "2.1"), std::nullopt);
  for (const auto& [client, experiment, version] :
       {std::tuple{"0.1.9", "compgen", "2.0"}, std::tuple{"0.2.0", "compgen", "2"},
        std::tuple{"0.2.0", "compgen", "1.9"}, std::tuple{"0.2.0", "featrank", "2.0"},
        std::tuple{"0.2.0", "other", "2.0"}, std::tuple{"unversioned", "compgen", "2.0"}}) {
    EXPECT_EQ(accepted(client, experiment, version), UpdateFailure::policy_refuses);
  }
}

TEST_F(Update, AnExecutableKnowsWhetherItIsAsItWasSigned) {
  const std::string signatures = signed_by(program, "axiom-client executable 0.2.0", "a", "b");
  const auto attached = [&](const std::string& text) {
    std::string length(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) {
      length[i] = static_cast<char>(text.size() >> (8 * i) & 255);
    }
    return program + text + length + std::string(executable_signature_magic);
  };
  const std::string whole = attached(signatures);
  const KeyList list = keys();
  EXPECT_TRUE(has_signature_record(whole.substr(whole.size() - 16)));
  EXPECT_FALSE(has_signature_record(program));
  EXPECT_EQ(verified_executable(whole, list), "axiom-client executable 0.2.0");
  const auto damaged = [&](const std::string& bytes) {
    EXPECT_TRUE(has_signature_record(bytes));
    return failure([&] { verified_executable(bytes, list); }) == UpdateFailure::executable_damaged;
  };
  const std::size_t record = program.size() + signatures.size();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (at >= program.size() && at < record) continue;  // minisign_test.cpp flips signatures
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    EXPECT_TRUE(damaged(flipped)) << at;
  }
  const std::size_t first_comment = whole.find("axiom-client executable ") + 24;
  for (std::size_t length = first_comment; length < whole.size(); ++length) {
    EXPECT_TRUE(damaged(whole.substr(0, length))) << length;
  }
  EXPECT_TRUE(damaged(whole + "\n"));
  EXPECT_TRUE(damaged(whole + whole.substr(whole.size() - 8)));
  const auto refusal = [&](const std::string& text) {
    try {
      return "accepted: " + verified_executable(attached(text), list);
    } catch (const UpdateError& error) {
      EXPECT_EQ(error.failure, UpdateFailure::executable_damaged);
      return std::string(error.what());
    }
  };
  const std::string made_for = "axiom-client manifest 1";
  EXPECT_NE(refusal(signed_by(program, made_for, "a", "b")).find("signed as " + made_for),
            std::string::npos);
  EXPECT_NE(refusal(tool.sign(program, "axiom-client executable 0.2.0", "a")).find("2 are needed"),
            std::string::npos);
}

TEST(StartTrial, TwoFailedStartsRollBack) {
  InstallationState state;
  EXPECT_EQ(begin_start(state, "1.0.0"), StartVerdict::nothing);
  state.pending = {"1.0.0", 0};
  EXPECT_EQ(begin_start(state, "1.0.0"), StartVerdict::count);
  EXPECT_EQ(begin_start(state, "1.0.0"), StartVerdict::count);
  EXPECT_EQ(begin_start(state, "1.0.0"), StartVerdict::roll_back);
  EXPECT_EQ(begin_start(state, "0.9.0"), StartVerdict::tidy);  // the one before, brought back
  EXPECT_TRUE(state.failed.contains("1.0.0"));
  EXPECT_FALSE(state.pending.has_value());
}

TEST(StartTrial, AnUpdateThatNeverCameIntoPlaceIsForgotten) {
  InstallationState state;
  state.pending = {"1.0.0", 0};
  EXPECT_EQ(begin_start(state, "0.9.0"), StartVerdict::tidy);
  EXPECT_TRUE(state.failed.empty());
  EXPECT_FALSE(state.pending.has_value());
}

TEST(InstallationState, ComesBackFromTheDisk) {
  const testing::TemporaryDirectory directory;
  Installation installation(real_file_system(), directory / "program");
  EXPECT_FALSE(installation.load().manifest.has_value());
  InstallationState state;
  state.manifest = {7, "abc"};
  state.key_list = "text\n\"";
  state.pending = {"1.0.0", 1};
  state.failed = {"0.9.0", "0.8.0"};
  installation.save(state);
  const InstallationState back = installation.load();
  EXPECT_EQ(back.manifest->number, 7u);
  EXPECT_EQ(back.manifest->sha256, "abc");
  EXPECT_EQ(back.key_list, state.key_list);
  EXPECT_EQ(back.pending->version, "1.0.0");
  EXPECT_EQ(back.pending->starts, 1);
  EXPECT_EQ(back.failed, state.failed);
  const std::string path = installation.directory() + "/state.json";
  const std::string text = real_file_system().read(path, 10000);
  for (std::size_t length = 0; length + 1 < text.size(); ++length) {
    real_file_system().write_durably(path, text.substr(0, length));
    EXPECT_THROW(installation.load(), IoError) << length;
  }
}

TEST(InstallationState, IsReadStrictly) {
  const testing::TemporaryDirectory directory;
  Installation installation(real_file_system(), directory / "program");
  InstallationState state;
  state.manifest = {7, "abc"};
  state.pending = {"1.0.0", 1};
  installation.save(state);
  const std::string path = installation.directory() + "/state.json";
  const std::string text = real_file_system().read(path, 10000);
  const auto refusal = [&](const std::string& part, const std::string& other) {
    std::string changed = text;
    changed.replace(changed.find(part), part.size(), other);
    real_file_system().write_durably(path, changed);
    try {
      installation.load();
    } catch (const IoError& error) {
      return std::string(error.what());
    }
    return std::string("accepted: ") + other;
  };
  EXPECT_TRUE(refusal("\"schema\":1", "\"schema\":2").find("is of schema 2, of another version") !=
              std::string::npos);
  for (const auto& [part, other] :
       {std::pair{"\"schema\":1", "\"schema\":\"1\""}, std::pair{"\"schema\":1", "\"scheme\":1"},
        std::pair{"\"starts\":1", "\"starts\":-1"}, std::pair{"\"starts\":1", "\"starts\":3"},
        std::pair{"\"starts\":1", "\"starts\":0.5"}, std::pair{"\"number\":7", "\"number\":-7"},
        std::pair{"\"number\":7", "\"number\":7e18"}}) {
    EXPECT_TRUE(refusal(part, other).find("is damaged") != std::string::npos) << other;
  }
}

TEST(Versions, AreThreeNumbers) {
  for (const char* text : {"0.0.0", "1.2.3", "999999.0.10"}) {
    EXPECT_TRUE(parse_version(text).has_value()) << text;
  }
  for (const char* text :
       {"", "1", "1.2", "1.2.3.4", "1.2.", ".1.2", "1..2", "01.2.3", "1.2.03", "1.2.-3", "+1.2.3",
        "1.2.3 ", " 1.2.3", "1.2.x", "1.2.1000000", "v1.2.3"}) {
    EXPECT_FALSE(parse_version(text).has_value()) << text;
  }
  EXPECT_LT(*parse_version("0.9.10"), *parse_version("0.10.2"));
  EXPECT_LT(*parse_version("9.9.9"), *parse_version("10.0.0"));
}

TEST(Times, HaveOneForm) {
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_utc("2000-02-29T12:34:56Z"), 951827696);
  EXPECT_NEAR(*parse_utc(utc_timestamp()), utc_seconds(), 2);
  for (const char* text :
       {"", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00z", "2026-02-30T12:00:00Z",
        "2026-01-31T24:00:00Z", "2026-1-31T12:00:00Z", "2026-01-31T12:00:00Zx",
        " 2026-01-31T12:00:00Z", "2026-01-31T12:00:60Z", "-001-01-31T12:00:00Z"}) {
    EXPECT_FALSE(parse_utc(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace axiom
