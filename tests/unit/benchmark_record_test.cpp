// links: axiom_benchmark axiom_cpu axiom_backends axiom_test_support
// The record of a benchmark and the choice that "auto" makes from it.
#include "client/benchmark/record.h"

#include <gtest/gtest.h>

#include "cpu/reference/reference_backend.h"
#include "tests/support/broken_backend.h"
#include "tests/support/faulty_file_system.h"

namespace axiom {
namespace {

using test::BrokenBackend;
using test::Fault;
using testing::FaultyFileSystem;

const BenchmarkRecord record{
    {"0.1.0", "abc", "chip", {{"cuda:0", "card, GPU-1, driver 12020"}, {"avx2", ""}}},
    "2026-01-31T12:00:00Z",
    "avx2",
    {{"cuda:0", "card, GPU-1, driver 12020"}, {"avx512", ""}}};

TEST(Record, ComesBackAsItWasWritten) {
  FaultyFileSystem files;
  EXPECT_FALSE(read_record(files, "/data"));
  write_record(files, "/data", record);
  files.restart(1);  // durable
  const auto read = read_record(files, "/data");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->host, record.host);
  EXPECT_EQ(read->date, record.date);
  EXPECT_EQ(read->fastest, record.fastest);
  EXPECT_EQ(read->broken, record.broken);
}

TEST(Record, OfAProgramThatDidNotKeepWhatWasBroken) {
  FaultyFileSystem files;
  files.put(record_path("/data"),
            R"({"backends":[],"build":"b","client_version":"1","date":"2026-01-31T12:00:00Z",)"
            R"("fastest":"avx2","processor":"chip","schema":1})");
  EXPECT_TRUE(read_record(files, "/data").value().broken.empty());
}

// Whenever the power goes while a record is replaced, the old or the new one is there.
TEST(Record, SurvivesAPowerCut) {
  BenchmarkRecord newer = record;
  newer.fastest = "cuda:0";
  std::uint64_t operation = 1;
  for (bool reached = true; reached; ++operation) {
    FaultyFileSystem files;
    write_record(files, "/data", record);
    files.cut_power_at(operation, operation);
    try {
      write_record(files, "/data", newer);
    } catch (const testing::PowerCut&) {
    }
    reached = files.fault_reached();
    files.restart(operation);
    files.heal();
    const auto read = read_record(files, "/data");
    ASSERT_TRUE(read) << operation;
    EXPECT_TRUE(read->fastest == "avx2" || read->fastest == "cuda:0");
  }
  EXPECT_GT(operation, 4u);
}

TEST(Record, RefusesWhatIsDamaged) {
  FaultyFileSystem files;
  write_record(files, "/data", record);
  const std::string path = record_path("/data");
  const std::string whole = files.content(path);
  std::vector<std::string> damaged = {"",
                                      "null",
                                      "{}",
                                      "[1]",
                                      whole.substr(0, whole.size() / 2),
                                      std::string("\0\0", 2),
                                      whole + "x",
                                      R"({"schema":2})"};
  for (const char* key : {"\"date\"", "\"fastest\"", "\"backends\"", "\"processor\"", "\"build\"",
                          "\"client_version\"", "\"device\"", "\"schema\""}) {
    std::string other = whole;
    damaged.push_back(other.replace(other.find(key) + 1, 1, "X"));
  }
  std::string other = whole;
  damaged.push_back(other.replace(other.find("\"avx2\""), 6, "7"));
  for (const std::string& text : damaged) {
    files.put(path, text);
    try {
      read_record(files, "/data");
      FAIL() << text;
    } catch (const RecordError& error) {
      const std::string line = error.what();
      EXPECT_EQ(line.find(path), 0u) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    }
  }
}

TEST(Preference, CountsOnTheSameHostOnly) {
  EXPECT_EQ(preference(record, record.host).name, "avx2");
  EXPECT_EQ(preference(record, record.host).reason, "measured fastest by bench on 2026-01-31");
  const auto changed = [](auto change) {
    MeasuredHost now = record.host;
    change(now);
    return preference(record, now);
  };
  const auto again = [](const BackendPreference& p, const char* what) {
    EXPECT_EQ(p.name, "");
    EXPECT_NE(p.reason.find(what), std::string::npos) << p.reason;
    EXPECT_NE(p.reason.find("run axiom-client bench again"), std::string::npos) << p.reason;
  };
  again(changed([](MeasuredHost& h) { h.processor = "other"; }), "another processor (chip)");
  again(changed([](MeasuredHost& h) { h.client_version = "0.2.0"; }), "another version (0.1.0");
  again(changed([](MeasuredHost& h) { h.build = "def"; }), "build abc");
  again(changed([](MeasuredHost& h) { h.backends[0].device = "card, GPU-1, driver 12030"; }),
        "drivers");
  again(changed([](MeasuredHost& h) { h.backends.erase(h.backends.begin()); }), "devices");
}

TEST(Exclusions, CountForTheSameProgramAndProcessor) {
  const std::vector<Exclusion> all = exclusions(record, "0.1.0", "abc", "chip");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].backend, "cuda:0");
  EXPECT_EQ(all[0].device, "card, GPU-1, driver 12020");
  EXPECT_EQ(all[1].backend, "avx512");
  EXPECT_EQ(all[1].reason,
            "found broken by the benchmark of 2026-01-31 (axiom-client bench checks it again)");
  EXPECT_TRUE(exclusions(record, "0.2.0", "abc", "chip").empty());
  EXPECT_TRUE(exclusions(record, "0.1.0", "abd", "chip").empty());
  EXPECT_TRUE(exclusions(record, "0.1.0", "abc", "other chip").empty());
}

TEST(Choice, PassesOverWhatIsExcluded) {
  const BrokenBackend first("first", reference_backend(), {});
  const BrokenBackend second("second", reference_backend(), {});
  const std::vector<const Backend*> list = {&first, &second};
  const auto chosen = [&](const std::vector<Exclusion>& exclusions,
                          const BackendPreference& preference = {}) {
    return choose_automatically(list, preference, exclusions);
  };
  EXPECT_EQ(chosen({{"first", "", "broken"}}).backend, &second);
  EXPECT_EQ(chosen({{"first", "", "broken"}}).reason,
            "the first in order that this host can run; not first: broken");
  EXPECT_EQ(chosen({{"second", "", "broken"}}, {"second", "measured"}).backend, &first);
  // Another device of that name is not meant.
  EXPECT_EQ(chosen({{"first", "card, GPU-1", "broken"}}).backend, &first);
  try {
    chosen({{"first", "", "broken"}, {"second", "", "broken, too"}});
    FAIL() << "one was chosen";
  } catch (const BackendError& error) {
    EXPECT_STREQ(error.what(),
                 "no backend can be used on this host; not first: broken; not second: broken, too");
  }
}

// The registry's own choices follow it, the processor's share of a device's work included.
TEST(Choice, OfTheProcessorPassesOverWhatIsExcluded) {
  const BackendChoice usual = choose_processor_backend();
  exclude_backends({{usual.backend->name(), "", "broken"}});
  if (usual.backend == &reference_backend()) {
    EXPECT_THROW(choose_processor_backend(), BackendError);
  } else {
    EXPECT_NE(choose_processor_backend().backend, usual.backend);
    EXPECT_NE(choose_processor_backend().reason.find(usual.backend->name() + ": broken"),
              std::string::npos);
    EXPECT_NE(choose_backend("auto").backend, usual.backend);
    EXPECT_EQ(choose_backend(usual.backend->name()).backend, usual.backend);  // asked for
  }
  EXPECT_EQ(exclusion_reason(*usual.backend), "broken");
  exclude_backends({});
  EXPECT_EQ(choose_processor_backend().backend, usual.backend);
}

TEST(Preference, NoBackendWasRight) {
  BenchmarkRecord none = record;
  none.fastest.clear();
  EXPECT_EQ(preference(none, none.host).name, "");
}

TEST(Choice, FollowsThePreferenceOnlyWhereItCan) {
  const BrokenBackend first("first", reference_backend(), {});
  const BrokenBackend second("second", reference_backend(), {});
  const BrokenBackend absent("absent", reference_backend(), Fault{.unavailable = "no chip"});
  const std::vector<const Backend*> list = {&absent, &first, &second};
  EXPECT_EQ(choose_automatically(list).backend, &first);
  EXPECT_EQ(choose_automatically(list).reason,
            "the first in order that this host can run; not absent: no chip");
  EXPECT_EQ(choose_automatically(list, {"second", "measured"}).backend, &second);
  EXPECT_EQ(choose_automatically(list, {"second", "measured"}).reason, "measured");
  for (const char* name : {"absent", "unknown"}) {
    const BackendChoice choice = choose_automatically(list, {name, "measured"});
    EXPECT_EQ(choice.backend, &first);
    EXPECT_NE(choice.reason.find(std::string(name) + ", measured, is not available now"),
              std::string::npos);
  }
  const BackendChoice stale = choose_automatically(list, {"", "the benchmark is old"});
  EXPECT_EQ(stale.backend, &first);
  EXPECT_NE(stale.reason.find("; the benchmark is old"), std::string::npos);
}

}  // namespace
}  // namespace axiom
