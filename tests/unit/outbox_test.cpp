// links: axiom_upload axiom_test_support
#include "client/upload/outbox.h"

#include <gtest/gtest.h>

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

TEST(Outbox, ABitFlippedAnywhereChangesNoVersionOrDigestThatIsSent) {
  FaultyFileSystem files;
  Outbox(files, "/o").add(object("a"), "https://h/");
  const std::string entry = "/o/" + file("a") + ".queued.json";
  const std::string original = files.content(entry);
  std::size_t damaged = 0;
  for (std::size_t at = 0; at < original.size(); ++at) {
    for (const int bit : {1, 4, 32}) {
      FaultyFileSystem altered;
      altered.make_directories("/o");
      altered.put("/o/" + file("a"), files.content("/o/" + file("a")));
      std::string text = original;
      text[at] = static_cast<char>(text[at] ^ bit);
      altered.put(entry, text);
      std::vector<std::string> notes;
      const std::vector<QueuedObject> entries = Outbox(altered, "/o").queued(notes);
      damaged += notes.size();
      if (entries.empty()) continue;
      const UploadIdentity& sent = entries[0].identity;
      EXPECT_EQ((std::vector<std::string>{sent.client_version, sent.build, sent.experiment,
                                          sent.experiment_version, sent.arithmetic_version,
                                          sent.plan_digest, sent.result_digest, sent.part}),
                (std::vector<std::string>{"0.1.0", "b", "e", "2.0", "1", "p", "r", ""}))
          << text;
    }
  }
  EXPECT_GT(damaged, original.size());
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
    std::string text = files.content(entry);
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
