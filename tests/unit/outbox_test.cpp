// links: axiom_upload axiom_test_support
#include "tests/unit/outbox_fixture.h"

namespace axiom {
namespace {

using Fault = FaultyFileSystem::Fault;

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

}  // namespace
}  // namespace axiom
