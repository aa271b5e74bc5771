// links: axiom_work_unit axiom_test_support
#include "client/work_unit/work_unit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/arithmetic/streams.h"
#include "client/json/strict_json.h"
#include "client/work_unit/host_identifier.h"
#include "client/work_unit/recorded_work.h"
#include "client/work_unit/seed_rule.h"
#include "tests/support/faulty_file_system.h"

namespace axiom {
namespace {

std::string no_host() { throw std::logic_error("the host was asked for its identifier"); }

Json minimal() {
  return {{"schema", 1}, {"experiment", "compgen"}, {"experiment_version", "2.0"}, {"seed", 42}};
}

WorkUnit parse(const Json& unit) { return parse_work_unit(unit.dump(), no_host); }

// The message with which `text` is refused; empty if it is accepted.
std::string refusal(const std::string& text) {
  try {
    parse_work_unit(text, no_host);
  } catch (const WorkUnitError& error) {
    return error.what();
  }
  return {};
}

Json with(const std::string& key, const Json& value) {
  Json unit = minimal();
  unit[key] = value;
  return unit;
}

Json without(const std::string& key) {
  Json unit = minimal();
  unit.erase(key);
  return unit;
}

TEST(WorkUnit, TakesTheMinimum) {
  const WorkUnit work = parse(minimal());
  EXPECT_EQ(work.experiment->name(), "compgen");
  EXPECT_EQ(work.parameters.preset, "default");
  EXPECT_EQ(work.seeds, std::vector<std::uint64_t>{42});
  EXPECT_EQ(work.minimum_ram_bytes, 4294967296u);
}

TEST(WorkUnit, TakesEverything) {
  Json unit = minimal();
  unit["name"] = "wu 17 (test)";
  unit["seed"] = 18446744073709551615u;
  unit["seeds"] = 3;
  unit["preset"] = "small";
  unit["parameters"] = {{"widths", {8, 16}}, {"epochs", 2}};
  unit["minimum_ram_bytes"] = 0;
  const WorkUnit work = parse(unit);
  EXPECT_EQ(work.name, "wu 17 (test)");
  ASSERT_EQ(work.seeds.size(), 3u);
  EXPECT_EQ(work.seeds[0], 18446744073709551615u);
  EXPECT_EQ(work.seeds[2], arithmetic::mixed_seed(18446744073709551615u, 2));
  EXPECT_EQ(work.parameters.preset, "small");
  EXPECT_EQ(work.parameters.values["widths"], Json({8, 16}));
  EXPECT_EQ(work.minimum_ram_bytes, 0u);
}

TEST(WorkUnit, PassesOverAByteOrderMark) {
  EXPECT_EQ(refusal("\xef\xbb\xbf" + minimal().dump()), "");
  EXPECT_NE(refusal("\xef\xbb" + minimal().dump()), "");
}

TEST(WorkUnit, DerivesTheSeedFromTheName) {
  // md5("abc") = 900150983cd24fb0...; 0x90015098 mod 2^31 = 0x10015098
  EXPECT_EQ(seed_from_name("abc"), 0x10015098u);
  Json unit = with("seed", {{"from", "name"}});
  unit["name"] = "abc";
  EXPECT_EQ(parse(unit).seeds.front(), 0x10015098u);
}

TEST(WorkUnit, DerivesTheSeedFromTheHost) {
  Json unit = with("seed", {{"from", "host"}});
  unit["name"] = "abc";
  const WorkUnit work = parse_work_unit(unit.dump(), [] { return std::string("host"); });
  // printf 'host\nabc' | sha256sum
  EXPECT_EQ(work.seeds.front(), 0xee92b6548b06b3c9u);
}

TEST(WorkUnit, RefusesWithOneClearLine) {
  const std::string unit = minimal().dump();
  const std::string inside = unit.substr(1, unit.size() - 2);
  struct Case {
    std::string text;
    std::string fragment;
  };
  const std::vector<Case> cases = {
      {"", "empty"},
      {" \n\t ", "empty"},
      {unit.substr(0, unit.size() / 2), "ends too early"},
      {unit + "x", "not JSON: unexpected text at line 1"},
      {unit + unit, "not JSON"},
      {"{\n\"schema\": 1,\n}", "line 3"},
      {"not json", "not JSON"},
      {"[1]", "expected a JSON object, got [1]"},
      {"null", "expected a JSON object"},
      {unit + std::string(1, '\0'), "NUL byte"},
      {unit + std::string(1, '\0') + "garbage", "NUL byte"},
      {"{\"name\":\"\xff\"," + inside + "}", "not JSON"},
      {"{\"name\":\"\xc0\x80\"," + inside + "}", "not JSON"},
      {std::string(maximum_work_unit_bytes + 1, ' '), "longer than 1048576 bytes"},
      {std::string(1000000, '['), "nested deeper than 8 levels"},
      {"{\"a\":" + std::string(500000, '['), "nested deeper than 8 levels"},
      {"{" + inside + ",\"seed\":43}", "duplicate key \"seed\""},
      {"{" + inside + ",\"parameters\":{\"epochs\":1,\"epochs\":1}}", "duplicate key \"epochs\""},
      {"{" + inside + ",\"seeds\":1e400}", "number out of range"},
      {"{" + inside + ",\"comment\":1}", "unknown key \"comment\""},
      {"{" + inside + ",\"\\u001b[31m\":1}", "unknown key \"\\u001b[31m\""},
      {without("schema").dump(), "missing key \"schema\""},
      {with("schema", 2).dump(), "\"schema\": expected 1"},
      {with("schema", "1").dump(), "\"schema\": expected 1"},
      {with("schema", 1.0).dump(), "\"schema\": expected 1"},
      {without("experiment").dump(), "missing key \"experiment\""},
      {with("experiment", "compgen2").dump(), "\"experiment\": expected one of compgen,"},
      {with("experiment", 1).dump(), "\"experiment\": expected one of compgen,"},
      {without("experiment_version").dump(), "missing key \"experiment_version\""},
      {with("experiment_version", "2.1").dump(), "\"experiment_version\": expected \"2.0\""},
      {with("experiment_version", 2.0).dump(), "\"experiment_version\": expected \"2.0\""},
      {without("seed").dump(), "missing key \"seed\": there is no default"},
      {with("seed", -1).dump(), "\"seed\": expected an integer from 0"},
      {with("seed", 1.5).dump(), "\"seed\": expected an integer from 0"},
      {with("seed", 1.0).dump(), "\"seed\": expected an integer from 0"},
      {with("seed", "42").dump(), "\"seed\": expected an integer from 0"},
      {with("seed", nullptr).dump(), "\"seed\": expected an integer from 0"},
      {with("seed", true).dump(), "\"seed\": expected an integer from 0"},
      {with("seed", Json::object()).dump(), "\"seed\": expected an integer from 0"},
      {with("seed", {{"from", "moon"}}).dump(), "\"seed\": expected an integer from 0"},
      {with("seed", {{"from", "name"}, {"x", 1}}).dump(), "\"seed\": expected"},
      {with("seed", {{"from", "name"}}).dump(), "needs the key \"name\""},
      {with("seed", {{"from", "host"}}).dump(), "needs the key \"name\""},
      {"{\"schema\":1,\"experiment\":\"compgen\",\"experiment_version\":\"2.0\","
       "\"seed\":18446744073709551616}",
       "\"seed\": expected an integer from 0 to 18446744073709551615"},
      {with("seeds", 0).dump(), "\"seeds\": expected an integer from 1 to 10000, got 0"},
      {with("seeds", 10001).dump(), "\"seeds\": expected an integer from 1 to 10000"},
      {with("seeds", -1).dump(), "\"seeds\": expected an integer"},
      {with("seeds", {1, 2}).dump(), "\"seeds\": expected an integer"},
      {with("name", "").dump(), "\"name\": expected a string of 1 to 256"},
      {with("name", std::string(257, 'a')).dump(), "\"name\": expected a string of 1 to 256"},
      {with("name", "a\nb").dump(), "\"name\": expected a string of 1 to 256"},
      {with("name", 5).dump(), "\"name\": expected a string of 1 to 256"},
      {with("preset", 5).dump(), "\"preset\": expected a string"},
      {with("preset", "huge").dump(), "huge"},
      {with("parameters", {1}).dump(), "\"parameters\": expected an object"},
      {with("parameters", {{"colour", 1}}).dump(), "colour"},
      {with("parameters", {{"epochs", 0}}).dump(), "epochs"},
      {with("parameters", {{"epochs", 2.5}}).dump(), "epochs"},
      {with("parameters", {{"widths", {64, 32}}}).dump(), "widths"},
      {with("minimum_ram_bytes", -1).dump(), "\"minimum_ram_bytes\": expected an integer"},
      {with("minimum_ram_bytes", "4G").dump(), "\"minimum_ram_bytes\": expected an integer"},
  };
  for (const Case& bad : cases) {
    const std::string message = refusal(bad.text);
    EXPECT_NE(message, "") << "accepted: " << bad.text.substr(0, 200);
    EXPECT_NE(message.find(bad.fragment), std::string::npos)
        << "message: " << message << "\nwanted: " << bad.fragment;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 300u) << message;
  }
}

// No byte of a good work unit can be replaced so that anything but a WorkUnitError comes out.
TEST(WorkUnit, SurvivesEveryChangedByte) {
  Json unit = with("parameters", {{"widths", {8, 16}}, {"epochs", 2}});
  unit["seeds"] = 2;
  const std::string good = unit.dump();
  int refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'\0', '"', '{', ']', '9', '-', 'e', '\xff', ' '}) {
      std::string text = good;
      text[i] = c;
      refused += !refusal(text).empty();
      refused += !refusal(good.substr(0, i)).empty();
    }
  }
  EXPECT_GT(refused, static_cast<int>(good.size()) * 9);
}

TEST(WorkDigest, DependsOnWhatDeterminesTheResultAndOnNothingElse) {
  const std::string digest = work_digest(parse(minimal()));
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(work_digest(parse(with("name", "other"))), digest);
  EXPECT_EQ(work_digest(parse(with("minimum_ram_bytes", 0))), digest);
  EXPECT_EQ(work_digest(parse(with("parameters", {{"epochs", 150}}))), digest);  // the default
  EXPECT_NE(work_digest(parse(with("parameters", {{"epochs", 151}}))), digest);
  EXPECT_NE(work_digest(parse(with("seed", 43))), digest);
  EXPECT_NE(work_digest(parse(with("seeds", 2))), digest);
  EXPECT_NE(work_digest(parse(with("preset", "small"))), digest);
  EXPECT_NE(work_digest(parse(with("experiment", "featrank"))), digest);
}

Json result_of(const WorkUnit& work) {
  Json seeds = Json::array();
  for (const std::uint64_t seed : work.seeds) seeds.push_back({{"seed", std::to_string(seed)}});
  return {{"schema", 1},
          {"experiment", work.experiment->name()},
          {"experiment_version", "2.0"},
          {"preset", work.parameters.preset},
          {"parameters", work.parameters.values},
          {"seeds", seeds},
          {"status", "complete"}};
}

TEST(RecordedWork, IsTheWorkOfEveryPreset) {
  for (const Experiment* experiment : experiments()) {
    for (const Preset& preset : experiment->presets()) {
      Json unit = with("experiment", experiment->name());
      unit["preset"] = preset.name;
      unit["seeds"] = 3;
      const WorkUnit work = parse(unit);
      EXPECT_EQ(work_digest(recorded_work(result_of(work))), work_digest(work))
          << experiment->name() << " " << preset.name;
    }
  }
}

TEST(RecordedWork, RefusesForeignFiles) {
  const Json good = result_of(parse(minimal()));
  const auto changed = [&](const std::string& key, const Json& value) {
    Json result = good;
    result[key] = value;
    return result;
  };
  EXPECT_NO_THROW(recorded_work(good));
  for (const auto& item : good.items()) {
    if (item.key() == "status") continue;
    Json result = good;
    result.erase(item.key());
    EXPECT_THROW(recorded_work(result), WorkUnitError) << item.key();
  }
  EXPECT_THROW(recorded_work(Json::array()), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("schema", 2)), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("experiment_version", "1.0")), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("experiment", "other")), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("preset", 1)), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("preset", "other")), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("parameters", {{"epochs", 1000000}})), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("seeds", Json::array())), WorkUnitError);
  EXPECT_THROW(recorded_work(changed("seeds", {1})), WorkUnitError);
  for (const Json& seed :
       {Json(1), Json("01"), Json("-1"), Json("18446744073709551616"), Json("")}) {
    EXPECT_THROW(recorded_work(changed("seeds", {{{"seed", seed}}})), WorkUnitError) << seed;
  }
}

TEST(RecordedWork, RefusesASeedThatIsThereTwice) {
  Json result = result_of(parse(minimal()));
  const auto seeds = [](std::initializer_list<const char*> texts) {
    Json list = Json::array();
    for (const char* text : texts) list.push_back({{"seed", text}});
    return list;
  };
  result["seeds"] = seeds({"9", "7", "8"});
  EXPECT_EQ(recorded_work(result).seeds, (std::vector<std::uint64_t>{9, 7, 8}));
  result["seeds"] = seeds({"9", "7", "9"});
  EXPECT_THROW(recorded_work(result), WorkUnitError);
}

TEST(HostIdentifier, IsDrawnOnceAndKept) {
  const std::string directory = ::testing::TempDir() + "axiom_host_identifier";
  FileSystem& files = real_file_system();
  files.remove(directory + "/host_id");
  const std::string identifier = host_identifier(files, directory);
  EXPECT_EQ(identifier.size(), 32u);
  EXPECT_EQ(host_identifier(files, directory), identifier);
  files.write_durably(directory + "/host_id", "something else\n");
  EXPECT_THROW(host_identifier(files, directory), IoError);
  files.remove(directory + "/host_id");
  EXPECT_NE(host_identifier(files, directory), identifier);
}

TEST(StrictJson, ShowsValuesShortAndInAscii) {
  EXPECT_EQ(shown("\xc3\xa9\x1b"), "\"\\u00e9\\u001b\"");
  EXPECT_EQ(shown(std::string(200, 'a')).size(), 63u);
}

}  // namespace
}  // namespace axiom
