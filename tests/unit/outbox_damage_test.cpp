// What disks and people do to entries of the outbox.
// links: axiom_upload axiom_test_support
#include "client/system/digest.h"
#include "tests/unit/outbox_fixture.h"

namespace axiom {
namespace {

// An entry as builds wrote it that had no digest over all of it.
std::string of_an_earlier_build(std::string text) {
  const std::size_t digest = text.find("\"entry_sha256\"");
  return text.erase(digest, text.find(',', digest) + 1 - digest);
}

TEST(OutboxDamage, DamagedEntriesAreSetAside) {
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

TEST(OutboxDamage, WhatCannotBeReadAtTheMomentStays) {
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

TEST(OutboxDamage, AReceiptThatCannotBeReadAtTheMomentRemovesNothing) {
  FaultyFileSystem files;
  Outbox(files, "/o").add(object("a"), "https://h/");
  Outbox(files, "/o").add(object("b"), "https://h/");
  const std::string receipt = "/o/" + file("a") + ".sent.json";
  files.put(receipt, "of nobody knows what");
  files.make_unreadable(receipt);
  std::vector<std::string> notes;
  EXPECT_EQ(waiting(files, &notes), std::vector<std::string>{file("b")});
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("stays there for later"), std::string::npos) << notes[0];
  EXPECT_TRUE(Outbox(files, "/o").knows(file("a")));
  EXPECT_TRUE(Outbox(files, "/o").holds(file("a")));
  files.heal_file();
  EXPECT_EQ(waiting(files), (std::vector<std::string>{file("a"), file("b")}));
}

TEST(OutboxDamage, ABodyThatIsGoneIsDamage) {
  FaultyFileSystem files;
  Outbox(files, "/o").add(object("a"), "https://h/");
  files.remove("/o/" + file("a"));
  std::vector<std::string> notes;
  EXPECT_TRUE(waiting(files, &notes).empty());
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("is not there any more"), std::string::npos);
  EXPECT_FALSE(Outbox(files, "/o").knows(file("a")));
}

TEST(OutboxDamage, WhatCannotBeAHeaderIsDamage) {
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

TEST(OutboxDamage, ABitFlippedAnywhereIsDamage) {
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

TEST(OutboxDamage, EntriesOfEarlierBuildsAreRead) {
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

TEST(OutboxDamage, ThingsThatChangedNamesAreDamage) {
  FaultyFileSystem files;
  Outbox outbox(files, "/o");
  outbox.add(object("a"), "https://h/");
  files.rename("/o/" + file("a"), "/o/" + file("b"));
  files.rename("/o/" + file("a") + ".queued.json", "/o/" + file("b") + ".queued.json");
  EXPECT_TRUE(waiting(files).empty());
}

TEST(OutboxDamage, APowerCutWhileAnEntryIsSetAsideLosesNoBody) {
  for (std::uint64_t cut = 0; cut < 600; ++cut) {
    FaultyFileSystem files;
    Outbox(files, "/o").add(object("a"), "https://h/");
    files.put("/o/" + file("a") + ".queued.json", "damaged");
    files.cut_power_at(1 + cut % 30, cut);
    try {
      waiting(files);
    } catch (const PowerCut&) {
    }
    files.restart(cut);
    EXPECT_TRUE(waiting(files).empty());
    EXPECT_TRUE(files.exists("/o/" + file("a") + ".bad")) << cut;
  }
}

TEST(OutboxDamage, WhatWasSetAsideIsNotSentUntilItIsAddedAgain) {
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

TEST(OutboxDamage, AnOddNumberOfFailuresIsDamage) {
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
