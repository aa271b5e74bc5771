// links: axiom_upload axiom_test_support
#include "client/upload/outbox.h"

#include <gtest/gtest.h>

#include "client/system/digest.h"
#include "tests/support/faulty_file_system.h"

namespace axiom {
namespace {

using testing::FaultyFileSystem;
using testing::PowerCut;
using Fault = FaultyFileSystem::Fault;

// As upload_object.h makes names.
std::string file(const std::string& name) {
  return name + "-" + std::string(64, '0') + ".result.json.gz";
}

UploadObject object(const std::string& name) {
  return {
      UploadKind::result, file(name), {"0.1.0", "b", "e", "2.0", "1", "p", "r"}, "body of " + name};
}

// An entry as builds wrote it that had no digest over all of it.
std::string of_an_earlier_build(std::string text) {
  const std::size_t digest = text.find("\"entry_sha256\"");
  return text.erase(digest, text.find(',', digest) + 1 - digest);
}

std::vector<std::string> waiting(FaultyFileSystem& files,
                                 std::vector<std::string>* notes = nullptr) {
  std::vector<std::string> own;
  Outbox outbox(files, "/o");
  std::vector<std::string> names;
  for (const QueuedObject& entry : outbox.queued(notes == nullptr ? own : *notes)) {
    EXPECT_EQ(outbox.body(entry), "body of " + entry.name.substr(0, entry.name.find('-')));
    names.push_back(entry.name);
  }
  return names;
}

TEST(Outbox, KeepsWhatWasAddedUntilItIsAcknowledged) {
  FaultyFileSystem files;
  Outbox outbox(files, "/o");
  outbox.add(object("a"), "https://h/");
  UploadObject telemetry = object("A");
  telemetry.kind = UploadKind::telemetry;
  outbox.add(telemetry, "https://h/");
  EXPECT_TRUE(outbox.knows(file("a")));
  std::vector<std::string> notes;
  std::vector<QueuedObject> entries = outbox.queued(notes);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, file("a"));  // results first
  EXPECT_EQ(entries[0].identity.plan_digest, "p");
  EXPECT_EQ(entries[0].target, "https://h/");
  outbox.postpone(entries[0], 3, 1e9);
  outbox.acknowledge(entries[1], "https://h/A", "now");
  entries = outbox.queued(notes);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].failures, 3);
  EXPECT_EQ(entries[0].not_before, 1e9);
  outbox.redirect(entries[0], "https://other/");
  EXPECT_EQ(outbox.queued(notes)[0].target, "https://other/");
  EXPECT_EQ(outbox.queued(notes)[0].not_before, 0);  // that was another server's wish
  outbox.acknowledge(entries[0], "https://h/a", "now");
  EXPECT_EQ(files.names(), (std::vector<std::string>{"/o/" + file("A") + ".sent.json",
                                                     "/o/" + file("a") + ".sent.json"}));
  EXPECT_TRUE(outbox.knows(file("a")));
  EXPECT_TRUE(notes.empty());
}

TEST(Outbox, SurvivesAPowerCutAnywhereInAdd) {
  int before = 0;
  int after = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    for (std::uint64_t operation = 1; operation <= 20; ++operation) {
      FaultyFileSystem files;
      Outbox(files, "/o").add(object("earlier"), "https://h/");
      files.cut_power_at(operation, seed);
      bool added = false;
      try {
        Outbox(files, "/o").add(object("new"), "https://h/");
        added = true;
      } catch (const PowerCut&) {
      }
      files.restart(seed);
      std::vector<std::string> notes;
      const std::vector<std::string> names = waiting(files, &notes);
      EXPECT_TRUE(notes.empty()) << notes.front();
      ASSERT_GE(names.size(), 1u);
      EXPECT_EQ(names[0], file("earlier"));
      if (added) {
        EXPECT_EQ(names.size(), 2u);
      }
      ++(names.size() == 2 ? after : before);
      EXPECT_EQ(files.names().size(), 2 * names.size()) << "something was left behind";
    }
  }
  EXPECT_GT(before, 0);
  EXPECT_GT(after, 0);
}

TEST(Outbox, SurvivesAPowerCutAnywhereInAcknowledge) {
  int again = 0;
  int done = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    for (std::uint64_t operation = 1; operation <= 20; ++operation) {
      FaultyFileSystem files;
      Outbox outbox(files, "/o");
      outbox.add(object("a"), "https://h/");
      std::vector<std::string> notes;
      const QueuedObject entry = outbox.queued(notes).at(0);
      files.cut_power_at(operation, seed);
      bool returned = false;
      try {
        outbox.acknowledge(entry, "https://h/a", "now");
        returned = true;
      } catch (const PowerCut&) {
      }
      files.restart(seed);
      const std::vector<std::string> names = waiting(files, &notes);
      EXPECT_TRUE(notes.empty());
      const bool receipt = files.exists("/o/" + file("a") + ".sent.json");
      // It waits, to be sent once more, or there is the receipt: never neither.
      EXPECT_NE(names.empty(), !receipt);
      if (returned) {
        EXPECT_TRUE(receipt);
      }
      ++(receipt ? done : again);
      EXPECT_EQ(files.names().size(), receipt ? 1u : 2u);
    }
  }
  EXPECT_GT(again, 0);
  EXPECT_GT(done, 0);
}

TEST(Outbox, AnErrorAnywhereInAddIsReportedAndLeavesNoHalf) {
  for (const Fault fault : {Fault::error, Fault::late_error, Fault::short_write}) {
    for (std::uint64_t operation = 1;; ++operation) {
      FaultyFileSystem files;
      Outbox outbox(files, "/o");
      files.fail_at(operation, fault);
      bool failed = false;
      try {
        outbox.add(object("a"), "https://h/");
      } catch (const IoError&) {
        failed = true;
      }
      const bool reached = files.fault_reached();
      files.heal();
      EXPECT_EQ(failed, reached);
      const std::size_t count = waiting(files).size();
      if (!failed) {
        EXPECT_EQ(count, 1u);
        break;
      }
      EXPECT_EQ(files.names().size(), 2 * count);
    }
  }
}

TEST(Outbox, AFullDiskRefusesWhatIsNewAndKeepsWhatIsThere) {
  for (std::uint64_t operation = 1; operation <= 12; ++operation) {
    FaultyFileSystem files;
    Outbox outbox(files, "/o");
    outbox.add(object("a"), "https://h/");
    files.full_from(operation);
    try {
      outbox.add(object("b"), "https://h/");
    } catch (const IoError&) {
    }
    // Without room for a receipt it stays, to be sent again.
    std::vector<std::string> notes;
    const QueuedObject entry = outbox.queued(notes).at(0);
    EXPECT_EQ(entry.name, file("a"));
    files.full_from(1);
    EXPECT_THROW(outbox.acknowledge(entry, "x", "now"), IoError);
    files.heal();
    EXPECT_EQ(waiting(files).at(0), file("a"));
  }
}

TEST(Outbox, DamagedEntriesAreSetAside) {
  for (const std::string& path : {"/o/" + file("a"), "/o/" + file("a") + ".queued.json"}) {
    FaultyFileSystem files;
    Outbox(files, "/o").add(object("a"), "https://h/");
    Outbox(files, "/o").add(object("b"), "https://h/");
    const std::string original = files.content(path);
    for (std::size_t at = 0; at < original.size(); at += 7) {
      FaultyFileSystem damaged;
      damaged.make_directories("/o");
      for (const std::string& name : files.names()) damaged.put(name, files.content(name));
      damaged.put(path, original.substr(0, at));
      std::vector<std::string> notes;
      EXPECT_EQ(waiting(damaged, &notes), std::vector<std::string>{file("b")});
      ASSERT_EQ(notes.size(), 1u);
      EXPECT_NE(notes[0].find("'/o/" + file("a") + ".queued.json.bad'"), std::string::npos);
      EXPECT_FALSE(Outbox(damaged, "/o").knows(file("a")));  // its result can be queued again
    }
  }
}

TEST(Outbox, WhatCannotBeReadAtTheMomentStays) {
  for (const std::string& path : {"/o/" + file("a"), "/o/" + file("a") + ".queued.json"}) {
    FaultyFileSystem files;
    Outbox(files, "/o").add(object("a"), "https://h/");
    Outbox(files, "/o").add(object("b"), "https://h/");
    files.make_unreadable(path);
    std::vector<std::string> notes;
    EXPECT_EQ(waiting(files, &notes), std::vector<std::string>{file("b")});
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("stays there for later"), std::string::npos) << notes[0];
    EXPECT_TRUE(Outbox(files, "/o").knows(file("a")));
    Outbox outbox(files, "/o");
    outbox.queued(notes);
    EXPECT_TRUE(outbox.left_out(""));
    EXPECT_TRUE(outbox.left_out(file("a").substr(0, file("a").find('.'))));
    EXPECT_FALSE(outbox.left_out(file("b").substr(0, file("b").find('.'))));
    files.heal_file();
    EXPECT_EQ(waiting(files), (std::vector<std::string>{file("a"), file("b")}));
  }
}

TEST(Outbox, ABodyThatIsGoneIsDamage) {
  FaultyFileSystem files;
  Outbox(files, "/o").add(object("a"), "https://h/");
  files.remove("/o/" + file("a"));
  std::vector<std::string> notes;
  EXPECT_TRUE(waiting(files, &notes).empty());
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("is not there any more"), std::string::npos);
  EXPECT_FALSE(Outbox(files, "/o").knows(file("a")));
}

TEST(Outbox, FilesOfOthersAreNotTouched) {
  FaultyFileSystem files;
  Outbox(files, "/o").add(object("a"), "https://h/");
  const std::vector<std::string> others = {"backup.tar.gz",           "notes.tmp",
                                           "x.queued.json",           "neuronspec.result.json.gz",
                                           "backup-2026.json.gz",     "e-12.result.json.gz.tmp",
                                           "e-12.json.gz.queued.json"};
  for (const std::string& name : others) files.put("/o/" + name, "precious");
  const std::string own = file("left-behind").substr(5);
  files.put("/o/" + own, "of an add() that was cut");
  files.put("/o/" + own + ".queued.json.tmp", "likewise");
  std::vector<std::string> notes;
  EXPECT_EQ(waiting(files, &notes), std::vector<std::string>{file("a")});
  EXPECT_TRUE(notes.empty());
  for (const std::string& name : others) EXPECT_EQ(files.content("/o/" + name), "precious");
  EXPECT_FALSE(files.exists("/o/" + own));
  EXPECT_FALSE(files.exists("/o/" + own + ".queued.json.tmp"));
}

TEST(Outbox, WhoOnlyLooksChangesNothing) {
  FaultyFileSystem files;
  EXPECT_FALSE(Outbox(files, "/o", Outbox::Use::look).knows(file("a")));
  std::vector<std::string> notes;
  EXPECT_TRUE(Outbox(files, "/o", Outbox::Use::look).queued(notes).empty());
  EXPECT_FALSE(files.exists("/o"));
  Outbox(files, "/o").add(object("a"), "https://h/");
  Outbox(files, "/o").add(object("b"), "https://h/");
  Outbox(files, "/o").add(object("c"), "https://h/");
  files.put("/o/" + file("b"), "damaged");
  files.put("/o/" + file("c") + ".sent.json", "{}");  // acknowledged, but not yet removed
  files.put("/o/" + file("d"), "of an add() that is under way");
  const std::vector<std::string> before = files.names();
  Outbox outbox(files, "/o", Outbox::Use::look);
  const std::vector<QueuedObject> entries = outbox.queued(notes);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].name, file("a"));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("is damaged, '/o/" + file("b")), std::string::npos);
  EXPECT_FALSE(outbox.knows(file("b")));
  EXPECT_TRUE(outbox.knows(file("c")));
  EXPECT_EQ(files.names(), before);
}

TEST(Outbox, EntriesOfALaterVersionStay) {
  FaultyFileSystem files;
  Outbox outbox(files, "/o");
  outbox.add(object("a"), "https://h/");
  const std::string entry = "/o/" + file("a") + ".queued.json";
  std::string text = files.content(entry);
  text.replace(text.find("\"schema\":1"), 10, "\"schema\":2");
  files.put(entry, text);
  std::vector<std::string> notes;
  EXPECT_TRUE(outbox.queued(notes).empty());
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("of a later version"), std::string::npos);
  EXPECT_EQ(files.content(entry), text);
  EXPECT_EQ(files.content("/o/" + file("a")), "body of a");
  EXPECT_TRUE(outbox.knows(file("a")));
}

TEST(Outbox, WhatCannotBeAHeaderIsDamage) {
  for (const std::string& build : {std::string(), std::string("x\r\nInjected: 1")}) {
    FaultyFileSystem files;
    UploadObject odd = object("a");
    odd.identity.build = build;
    Outbox(files, "/o").add(odd, "https://h/");
    std::vector<std::string> notes;
    EXPECT_TRUE(Outbox(files, "/o").queued(notes).empty());
    EXPECT_EQ(notes.size(), 1u);
  }
}

TEST(Outbox, ABitFlippedAnywhereIsDamage) {
  FaultyFileSystem files;
  Outbox(files, "/o").add(object("a"), "https://h/");
  const std::string entry = "/o/" + file("a") + ".queued.json";
  const std::string original = files.content(entry);
  for (std::size_t at = 0; at + 1 < original.size(); ++at) {
    for (const int bit : {1, 4, 32}) {
      std::string text = original;
      text[at] = static_cast<char>(text[at] ^ bit);
      files.put("/o/" + file("a"), "body of a");
      files.put(entry, text);
      // In the digest's own name it makes an entry as earlier builds wrote them.
      const std::size_t name = original.find("entry_sha256");
      EXPECT_TRUE(waiting(files).empty() || (at >= name && at < name + 12)) << text;
    }
  }
}

TEST(Outbox, EntriesOfEarlierBuildsAreRead) {
  FaultyFileSystem files;
  Outbox(files, "/o").add(object("a"), "https://h/");
  const std::string entry = "/o/" + file("a") + ".queued.json";
  const std::string plain = of_an_earlier_build(files.content(entry));
  const std::string identity =
      R"({"arithmetic_version":"1","build":"b","client_version":"0.1.0","experiment":"e",)"
      R"("experiment_version":"2.0","part":"","plan_digest":"p","result_digest":"r"})";
  ASSERT_NE(plain.find(identity), std::string::npos);
  std::string with_digest =
      "{\"identity_sha256\":\"" + sha256_hex(identity) + "\"," + plain.substr(1);
  files.put(entry, plain);
  EXPECT_EQ(waiting(files), std::vector<std::string>{file("a")});
  files.put(entry, with_digest);
  EXPECT_EQ(waiting(files), std::vector<std::string>{file("a")});
  files.put(entry, with_digest.replace(with_digest.find("\"p\""), 3, "\"q\""));
  EXPECT_TRUE(waiting(files).empty());
}

TEST(Outbox, ThingsThatChangedNamesAreDamage) {
  FaultyFileSystem files;
  Outbox outbox(files, "/o");
  outbox.add(object("a"), "https://h/");
  files.rename("/o/" + file("a"), "/o/" + file("b"));
  files.rename("/o/" + file("a") + ".queued.json", "/o/" + file("b") + ".queued.json");
  EXPECT_TRUE(waiting(files).empty());
}

TEST(Outbox, WhatWasSetAsideIsNotSentUntilItIsAddedAgain) {
  FaultyFileSystem files;
  Outbox outbox(files, "/o");
  outbox.add(object("a"), "https://h/");
  files.put("/o/" + file("a"), "damaged");
  std::vector<std::string> notes;
  outbox.queued(notes);
  outbox.queued(notes);
  ASSERT_TRUE(outbox.left_out(std::string(64, '0')));
  EXPECT_FALSE(outbox.left_out(std::string(64, '1')));
  outbox.add(object("a"), "https://h/");
  EXPECT_FALSE(outbox.left_out(""));
}

TEST(Outbox, AReceiptThatSaysNothingIsNone) {
  for (const std::string& receipt : {std::string(), std::string(3, '\0'),
                                     std::string("{\"schema\":1,\"addr"), std::string("[]")}) {
    FaultyFileSystem files;
    Outbox(files, "/o").add(object("a"), "https://h/");
    files.put("/o/" + file("a") + ".sent.json", receipt);
    EXPECT_EQ(waiting(files), std::vector<std::string>{file("a")}) << receipt;
    Outbox outbox(files, "/o");
    std::vector<std::string> notes;
    outbox.acknowledge(outbox.queued(notes).at(0), "https://h/a", "now");
    EXPECT_TRUE(waiting(files).empty());
    EXPECT_TRUE(outbox.knows(file("a")));
  }
}

TEST(Outbox, AnOddNumberOfFailuresIsDamage) {
  for (const char* odd : {"-1", "1e300", "2147483648", "0.5", "null"}) {
    FaultyFileSystem files;
    Outbox(files, "/o").add(object("a"), "https://h/");
    const std::string entry = "/o/" + file("a") + ".queued.json";
    std::string text = of_an_earlier_build(files.content(entry));
    const std::string none = "\"failures\":0";
    files.put(entry,
              text.replace(text.find(none), none.size(), "\"failures\":" + std::string(odd)));
    std::vector<std::string> notes;
    EXPECT_TRUE(Outbox(files, "/o").queued(notes).empty()) << odd;
    EXPECT_EQ(notes.size(), 1u);
  }
}

}  // namespace
}  // namespace axiom
