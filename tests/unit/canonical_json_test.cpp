// links: axiom_canonical_json axiom_result axiom_test_support
#include "client/result/canonical_json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>

#include "client/result/compare.h"
#include "client/result/flat_means.h"
#include "client/result/result_document.h"
#include "client/result/result_files.h"
#include "client/result/table.h"
#include "client/result/telemetry.h"
#include "client/system/digest.h"
#include "tests/support/faulty_file_system.h"

namespace axiom {
namespace {

TEST(CanonicalJson, SortsKeysAndUsesNoSpaces) {
  const Json value = Json::parse(R"({"b": [1, 2, {}], "a": {"z": null, "B": true}, "A": [] })");
  EXPECT_EQ(canonical_json(value), R"({"A":[],"a":{"B":true,"z":null},"b":[1,2,{}]})");
}

TEST(CanonicalJson, WritesShortestDecimals) {
  EXPECT_EQ(canonical_json(0.1), "0.1");
  EXPECT_EQ(canonical_json(1.0), "1");
  EXPECT_EQ(canonical_json(-0.0), "-0");
  EXPECT_EQ(canonical_json(1e22), "1e+22");
  EXPECT_EQ(canonical_json(5e-324), "5e-324");
  EXPECT_EQ(canonical_json(1.0 / 3.0), "0.3333333333333333");
  EXPECT_EQ(canonical_json(std::uint64_t{18446744073709551615u}), "18446744073709551615");
  EXPECT_EQ(canonical_json(std::int64_t{-7}), "-7");
}

TEST(CanonicalJson, DecimalsReadBackAsTheSameBits) {
  std::mt19937_64 generator(1);
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<double>(generator());
    if (!std::isfinite(value)) continue;
    const Json read = Json::parse(canonical_json(value));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(read.get<double>()),
              std::bit_cast<std::uint64_t>(value));
  }
}

TEST(CanonicalJson, EscapesStrings) {
  EXPECT_EQ(canonical_json("a\"\\\n\x01é"), "\"a\\\"\\\\\\n\\u0001é\"");
}

TEST(CanonicalJson, RefusesWhatIsNoJson) {
  EXPECT_THROW(canonical_json(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  EXPECT_THROW(canonical_json(Json::array({std::numeric_limits<double>::infinity()})),
               std::invalid_argument);
  EXPECT_THROW(canonical_json("\xff"), std::invalid_argument);
  EXPECT_THROW(canonical_json(Json::binary({1, 2})), std::invalid_argument);
}

TEST(ResultDocument, IsTheCanonicalTextOfTheWhole) {
  Parameters parameters;
  parameters.preset = "small";
  parameters.values = {{"epochs", 3}, {"learning_rate", 0.05}};
  ResultDocument document("compgen", parameters, 2);
  document.add_seed(18446744073709551615u, {{"gap_w32", 0.5}, {"detail", {{"x", nullptr}}}});
  document.add_seed(7, {{"gap_w32", nullptr}});
  const std::string text = document.finish();
  EXPECT_EQ(text.back(), '\n');
  const Json value = Json::parse(text);
  EXPECT_EQ(text, canonical_json(value) + "\n");
  EXPECT_EQ(value["seeds"][0]["seed"], "18446744073709551615");
  EXPECT_EQ(value["status"], "complete");
  EXPECT_EQ(value["schema"], 1);
  EXPECT_EQ(value["parameters"]["learning_rate"], 0.05);
}

TEST(Compare, ShowsOneLineOfAscii) {
  std::string odd = "x";  // so that the cut is within a letter
  for (int i = 0; i < 100; ++i) odd += "\u00e4";
  const auto value = first_difference({{"a", 1}}, {{"a", odd}});
  ASSERT_TRUE(value);
  EXPECT_NO_THROW(canonical_json(Json(value->found)));
  EXPECT_LE(value->found.size(), 83u);
  const auto key = first_difference(Json::object(), {{"a\x1b]\n\x7f\u009b", 1}});
  ASSERT_TRUE(key);
  EXPECT_EQ(key->path, "$.a?]????");
  const auto long_key = first_difference(Json::object(), {{std::string(100000, 'k'), 1}});
  ASSERT_TRUE(long_key);
  EXPECT_LE(long_key->path.size(), 85u);
}

TEST(Compare, FindsTheFirstDifference) {
  const Json left = Json::parse(R"({"a":[1,{"b":0.5}],"c":1,"z":[]})");
  EXPECT_FALSE(first_difference(left, left));
  Json right = left;
  right["a"][1]["b"] = std::nextafter(0.5, 1.0);
  const auto difference = first_difference(left, right);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->path, "$.a[1].b");
  EXPECT_EQ(difference->expected, "0.5");
  EXPECT_EQ(difference->found, "0.5000000000000001");
  right = left;
  right.erase("c");
  EXPECT_EQ(first_difference(left, right)->found, "nothing");
  right = left;
  right["z"].push_back(3);
  EXPECT_EQ(first_difference(left, right)->path, "$.z[0]");
  right = left;
  right["z"] = Json::object();
  EXPECT_EQ(first_difference(left, right)->path, "$.z");
  right = left;
  right["extra"] = 1;
  EXPECT_EQ(first_difference(left, right)->expected, "nothing");
}

TEST(FlatMeans, SetsOfBitsHaveNoMean) {
  FlatMeans means;
  means.add({{"heldout_mask", 6}});
  EXPECT_EQ(means.entries().at("heldout_mask").mean, 6);
  for (int seed = 0; seed < 2; ++seed) {
    means.add({{"heldout_mask", 10}});
    EXPECT_EQ(means.entries().at("heldout_mask").count, 0u);
  }
}

TEST(FlatMeans, AveragesOverDefinedValues) {
  FlatMeans means;
  means.add({{"a_w128", 1.0}, {"a_w32", 2}, {"seed", "5"}, {"detail", {{"a", 1}}}, {"u", nullptr}});
  means.add({{"a_w128", 3.0}, {"a_w32", nullptr}, {"seed", "6"}, {"u", nullptr}});
  const auto& entries = means.entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries.begin()->first, "a_w32");  // 32 before 128
  EXPECT_EQ(entries.at("a_w128").mean, 2.0);
  EXPECT_DOUBLE_EQ(entries.at("a_w128").deviation(), std::sqrt(2.0));
  EXPECT_EQ(entries.at("a_w32").count, 1u);
  EXPECT_TRUE(std::isnan(entries.at("a_w32").deviation()));
  EXPECT_EQ(entries.at("u").count, 0u);
}

TEST(Report, AlignsValuesAndPublishedTexts) {
  FlatMeans means;
  means.add({{"gap_w32", 0.6472}, {"n", 3}, {"undefined", nullptr}});
  EXPECT_EQ(result_table("compgen", "small", means, {{"gap_w32", ".645–.652"}}),
            "compgen 2.0, preset small, 1 seed\n"
            "              value  published\n"
            "  gap_w32    0.6472  .645–.652\n"
            "  n               3\n"
            "  undefined       -\n");
}

TEST(ResultFiles, KeepAnEarlierResult) {
  testing::FaultyFileSystem files;
  files.make_directories("/out");
  const ResultPaths paths("/out", "compgen");
  EXPECT_EQ(write_result(files, paths, "first\n").kept, "");
  const std::string first = sha256_hex("first\n");
  EXPECT_EQ(files.content(paths.digest), first + "  compgen.result.json\n");
  EXPECT_EQ(write_result(files, paths, "first\n").kept, "");  // the same again: nothing to keep

  const std::string kept = "/out/compgen.result." + first.substr(0, 12) + ".json";
  EXPECT_EQ(write_result(files, paths, "second\n").kept, kept);
  EXPECT_EQ(files.content(kept), "first\n");
  EXPECT_EQ(files.content(kept + ".sha256"),
            first + "  compgen.result." + first.substr(0, 12) + ".json\n");
  EXPECT_EQ(files.content(paths.result), "second\n");
  EXPECT_EQ(files.content(paths.digest), sha256_hex("second\n") + "  compgen.result.json\n");
}

// Whatever fails, each result that was there is still there under one of its two names, and with
// its digest under the second.
TEST(ResultFiles, LoseNothingAtAnyFault) {
  const std::string first = sha256_hex("first\n");
  const std::string kept = "/out/compgen.result." + first.substr(0, 12) + ".json";
  const ResultPaths paths("/out", "compgen");
  bool reached = true;
  for (std::uint64_t operation = 1; reached; ++operation) {
    testing::FaultyFileSystem files;
    files.make_directories("/out");
    write_result(files, paths, "first\n");
    files.fail_at(operation, testing::FaultyFileSystem::Fault::error);
    bool failed = false;
    try {
      write_result(files, paths, "second\n");
    } catch (const IoError&) {
      failed = true;
    }
    reached = files.fault_reached();
    files.heal();
    const bool at_old = files.exists(paths.result) && files.content(paths.result) == "first\n";
    const bool at_kept = files.exists(kept) && files.content(kept) == "first\n";
    EXPECT_TRUE(at_old || at_kept) << "operation " << operation;
    EXPECT_TRUE(!at_kept || files.exists(kept + ".sha256")) << "operation " << operation;
    // Never with another's digest: it would be taken for damaged.
    if (files.exists(paths.result) && files.exists(paths.digest)) {
      const std::string digest = sha256_hex(files.content(paths.result));
      EXPECT_EQ(files.content(paths.digest), digest + "  compgen.result.json\n");
    }
    write_result(files, paths, "second\n");
    EXPECT_EQ(files.content(paths.result), "second\n");
    EXPECT_EQ(files.content(kept), "first\n") << "operation " << operation;
    EXPECT_TRUE(failed || !reached) << "operation " << operation << " failed silently";
  }
}

TEST(Telemetry, TellsNothingOfTheHostsFoldersAndVariables) {
  const std::string ending = "; not avx512: the processor has no AVX-512 F";
  for (const auto& [reason, told] : std::vector<std::pair<std::string, std::string>>{
           {"measured fastest by bench on 2026-01-31", "measured fastest by bench on 2026-01-31"},
           {"cannot be loaded (/home/ada l/lib/libcuda.so.1: file too short): install it again",
            "cannot be loaded (libcuda.so.1: file too short): install it again"},
           {"(libcuda.so.1: lib/libx.so: \xff\xe9" + ending, "(libcuda.so.1: libx.so: ??" + ending},
           {"no device; CUDA_VISIBLE_DEVICES is 'GPU-12; /a', which hides others: unset it" +
                ending,
            "no device; CUDA_VISIBLE_DEVICES is '...', which hides others: unset it" + ending},
           {"the computer's devices; the driver's words",
            "the computer's devices; the driver's words"},
           {"/", ""},
           {"", ""}}) {
    EXPECT_EQ(public_reason(reason), told);
  }
}

}  // namespace
}  // namespace axiom
