// The parts of a task that need no client: progress that never steps back, attempts, memory claims,
// the stand-alone twin.
// links: axiom_boinc
#include "client/boinc/task.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "client/boinc/clock_watch.h"
#include "client/boinc/leaving.h"
#include "client/boinc/memory_gate.h"
#include "client/boinc/reported_fraction.h"
#include "client/boinc/standalone_task.h"
#include "client/system/files.h"
#include "client/system/signals.h"
#include "tests/support/temporary_directory.h"

namespace axiom::boinc {
namespace {

// In a directory of its own: a slot is the current directory.
class InDirectory : public ::testing::Test {
 protected:
  InDirectory() : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(directory_.path());
  }
  ~InDirectory() override { std::filesystem::current_path(before_); }
  static std::string content(const std::string& path) {
    return real_file_system().exists(path) ? real_file_system().read(path, 10000) : "";
  }
  static void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

 private:
  const axiom::testing::TemporaryDirectory directory_;
  const std::filesystem::path before_;
};

using ReportedFractionTest = InDirectory;
using AttemptsTest = InDirectory;

TEST_F(ReportedFractionTest, NeverStepsBackOverRestarts) {
  double now = 1000;
  {
    ReportedFraction reported("f");
    EXPECT_EQ(reported.next(0.25, now), 0.25);
    EXPECT_EQ(reported.next(0.5, now += 1), 0.5);
  }
  // Killed: no destructor needs to run, the file is as it was when the fraction was given out.
  EXPECT_EQ(content("f"), "0.500000\n");
  ReportedFraction reported("f");
  EXPECT_EQ(reported.highest(), 0.5);
  EXPECT_EQ(reported.next(0.25, now += 1), 0.5);
  EXPECT_EQ(reported.next(0.625, now += 1), 0.625);
  EXPECT_EQ(reported.next(1, now), 1);
}

TEST_F(ReportedFractionTest, GivesOutOnlyWhatItHasNotedAndThatOnceASecond) {
  ReportedFraction reported("f");
  EXPECT_EQ(reported.next(0.25, 10), 0.25);
  EXPECT_EQ(reported.next(0.5, 10.9), 0.25);
  EXPECT_EQ(content("f"), "0.250000\n");
  EXPECT_EQ(reported.next(0.5, 11), 0.5);
  EXPECT_EQ(content("f"), "0.500000\n");
}

TEST_F(ReportedFractionTest, DigitsBeyondThoseOfTheFileAreNotGivenOut) {
  double given = 0;
  {
    ReportedFraction reported("f");
    given = reported.next(0.1234564999, 10);
    EXPECT_NEAR(given, 0.123456, 1e-9);
  }
  EXPECT_GE(ReportedFraction("f").highest(), given);
}

TEST_F(ReportedFractionTest, OneIsForTheEnd) {
  ReportedFraction reported("f");
  EXPECT_EQ(reported.next(0.9999, 10), 0.999);
  EXPECT_EQ(reported.next(1, 10), 1);
  EXPECT_EQ(content("f"), "1.000000\n");
  ReportedFraction again("f");
  EXPECT_EQ(again.highest(), 1) << "the result is complete";
  EXPECT_EQ(again.next(0.25, 10), 0.999) << "but it is not there any more";
}

TEST_F(ReportedFractionTest, ADamagedFileCountsAsNone) {
  for (const char* text : {"", "x", "-0.5", "1.1", "7", "nan", "inf", "1e999"}) {
    put("f", text);
    ReportedFraction reported("f");
    EXPECT_EQ(reported.highest(), 0) << text;
    EXPECT_EQ(reported.next(0.125, 10), 0.125) << text;
  }
  std::filesystem::remove("f");
  ASSERT_EQ(::mkfifo("f", 0600), 0);  // whose reader would wait without end
  EXPECT_EQ(ReportedFraction("f").next(0.125, 10), 0.125);
  ReportedFraction nowhere("no/such/directory/f");
  EXPECT_EQ(nowhere.next(0.125, 10), 0.125);
}

TEST_F(AttemptsTest, TheLastOneIsTold) {
  const Retry retry{.seconds = 600, .attempts = 3};
  EXPECT_FALSE(Attempts().exhausted(retry));
  EXPECT_FALSE(Attempts().exhausted(retry));
  EXPECT_TRUE(Attempts().exhausted(retry));
  EXPECT_FALSE(Attempts().exhausted(Retry{})) << "without a limit";
  Attempts().forget();
  EXPECT_FALSE(Attempts().exhausted(retry));
}

TEST_F(AttemptsTest, TheClientReadsSecondsAndReason) {
  EXPECT_EQ(write_temporary_exit(600, "no library"), Told::yes);
  EXPECT_EQ(content("boinc_temporary_exit"), "600\nno library\n");
  std::filesystem::create_directory("boinc_temporary_exit.tmp");
  EXPECT_EQ(write_temporary_exit(600, "no library"), Told::refused);
}

TEST(ClockWatch, NoticesAClockThatWasSetBack) {
  ClockWatch watch;
  EXPECT_FALSE(watch.set_back(1000000, 50));
  EXPECT_FALSE(watch.set_back(1000003, 53));
  EXPECT_FALSE(watch.set_back(2000000, 54)) << "ahead";
  EXPECT_FALSE(watch.set_back(1999997, 55)) << "by four seconds: such a correction does no harm";
  EXPECT_TRUE(watch.set_back(1999996, 56));
  EXPECT_TRUE(watch.set_back(3000000, 57)) << "the library sleeps on";
}

InitData claims(double gigabytes, double share = 0.9) {
  InitData data;
  data.host_memory = gigabytes * 1e9;
  data.memory_share = share;
  return data;
}

TEST(AllowedMemory, IsTheLeastOfWhatSystemAndClientSay) {
  const HostMemory host{16000000000, 9000000000};
  EXPECT_EQ(allowed_memory(claims(3), host).total, 3000000000u);
  EXPECT_EQ(allowed_memory(claims(4), host).total, 4000000000u);
  EXPECT_EQ(allowed_memory(claims(6), host).total, 6000000000u);
  EXPECT_EQ(allowed_memory(claims(8), host).total, 8000000000u);
  EXPECT_EQ(allowed_memory(claims(64), host).total, 16000000000u) << "a claim beyond the system's";
  EXPECT_EQ(allowed_memory(claims(0), host).total, 16000000000u) << "no claim";
  EXPECT_EQ(allowed_memory(claims(1e300), host).total, 16000000000u);
}

TEST(AllowedMemory, ThePreferencesBoundWhatTheTaskMayTake) {
  const HostMemory host{16000000000, 9000000000};
  EXPECT_EQ(allowed_memory(claims(16, 0.5), host).allowed, 8000000000u);
  EXPECT_EQ(allowed_memory(claims(16, 0.5), host).available, 8000000000u);
  EXPECT_EQ(allowed_memory(claims(16, 0.9), host).available, 9000000000u);
  EXPECT_EQ(allowed_memory(claims(16, 0.9), host).free, 9000000000u);
}

TEST(StandaloneTask, HearsSignalsAndSavesByItsInterval) {
  StandaloneTask task({.device = "avx2", .threads = 3}, 0.05);
  EXPECT_EQ(task.assignment().threads, 3);
  EXPECT_EQ(task.assignment().device, "avx2");
  EXPECT_FALSE(task.time_to_checkpoint());
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_TRUE(task.time_to_checkpoint());
  task.checkpoint_done();
  EXPECT_FALSE(task.time_to_checkpoint()) << "the interval starts anew";
  EXPECT_EQ(task.requests().signal, 0);
  install_stop_signals();
  std::raise(SIGTERM);
  EXPECT_EQ(task.requests().signal, SIGTERM);
  EXPECT_FALSE(task.requests().suspended || task.requests().quit || task.requests().abort);
}

TEST(StandaloneTask, NobodyStartsItAgain) {
  StandaloneTask task({}, 60);
  EXPECT_EQ(task.finish(0), 0);
  EXPECT_EQ(task.temporary_exit(4, {}, "no memory"), 4);
}

}  // namespace
}  // namespace axiom::boinc
