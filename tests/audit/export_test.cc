#include "audit/export.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <sstream>

#include "audit/canonical.h"
#include "audit/checkpoint.h"
#include "audit/record_text.h"
#include "audit/retention.h"
#include "audit/verify_export.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

class ExportTest : public AuditFixture {
 protected:
  void SetUp() override {
    AuditFixture::SetUp();
    auto opened = Checkpointer::open(*database, {.directory = home.path(), .sinks = {}});
    ASSERT_TRUE(opened) << opened.error().message;
    checkpointer = *std::move(opened);
  }

  StoredCheckpoint checkpoint() {
    EXPECT_TRUE(checkpointer->write(5000));
    return (*database->read(
        [](store::Snapshot& snapshot) { return stored_checkpoints(snapshot, 0, 1); }))[0];
  }

  // The lines of an export up to the newest checkpoint, its head in front.
  std::vector<std::string> lines(ExportQuery query = {},
                                 ExportFormat format = ExportFormat::jsonl) {
    const StoredCheckpoint newest = checkpoint();
    query.size = newest.checkpoint.size;
    if (query.last == 0) query.last = query.size;
    std::vector<std::string> made;
    if (format == ExportFormat::jsonl) {
      made.push_back(checkpointer->export_head({.checkpoint = newest.note,
                                                .first = query.first,
                                                .last = query.last,
                                                .filtered = is_filtered(query.filter),
                                                .proofs = query.proofs}));
    }
    for (;;) {
      const auto page = database->read(
          [&](store::Snapshot& snapshot) { return export_page(snapshot, query, 3); });
      EXPECT_TRUE(page) << page.error().message;
      if (!page || page->empty()) return made;
      for (const ExportLine& line : *page) made.push_back(export_line(line, format));
      query.first = page->back().number + 1;
    }
  }

  Result<ExportVerification> verify_lines(const std::vector<std::string>& all,
                                          const std::string& note = {}) {
    std::string text;
    for (const std::string& line : all) text += line + "\n";
    std::istringstream input(text);
    return verify_export(input, checkpointer->key(), note);
  }
  std::string wrong(const std::vector<std::string>& all, const std::string& note = {}) {
    const auto verified = verify_lines(all, note);
    return verified ? "" : verified.error().message;
  }

  std::unique_ptr<Checkpointer> checkpointer;
};

TEST_F(ExportTest, IsVerifiedWithTheKeyAlone) {
  append_records(10);
  for (const bool proofs : {true, false}) {
    ExportQuery query;
    query.proofs = proofs;
    const auto verified = verify_lines(lines(query));
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->record_count, 10);
    EXPECT_EQ(verified->checkpoint.size, 10);
    EXPECT_FALSE(verified->filtered);
  }
}

TEST_F(ExportTest, OfARangeProvesThatNothingInItIsMissing) {
  append_records(20);
  ExportQuery query;
  query.first = 5;
  query.last = 12;
  const auto made = lines(query);
  const auto verified = verify_lines(made);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->first, 5);
  EXPECT_EQ(verified->last, 12);
  auto without = made;
  without.erase(without.begin() + 3);
  EXPECT_EQ(wrong(without), "audit record 7 is missing");
}

TEST_F(ExportTest, WithAFilterProvesEachRecord) {
  append_records(9);
  append_event({.action = "ask", .actor_id = "usr_x"}, 2000);
  ExportQuery query;
  query.filter.action = "ask";
  const auto verified = verify_lines(lines(query));
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->filtered);
  EXPECT_EQ(verified->record_count, 1);
  EXPECT_EQ(verified->last, 10);
}

TEST_F(ExportTest, NamesWhatWasDoneToIt) {
  append_records(8);
  const auto good = lines();
  auto bad = good;
  bad.erase(bad.begin() + 4);
  EXPECT_EQ(wrong(bad), "audit record 4 is missing");
  bad = good;
  std::swap(bad[2], bad[5]);
  EXPECT_EQ(wrong(bad), "audit record 2 is missing");
  bad = good;
  bad.insert(bad.begin() + 3, bad[2]);
  EXPECT_EQ(wrong(bad), "audit record 2 is there twice or out of order");
  bad = good;
  bad.pop_back();
  EXPECT_EQ(wrong(bad),
            "the export is cut off: it ends behind record 7, and should have those up to 8");
  bad = good;
  bad[3].replace(bad[3].find("document.add"), 12, "document.eat");
  EXPECT_NE(wrong(bad).find("line 4 (behind record 2) was changed"), std::string::npos);
}

// Somebody who knows the format writes a line that is right in itself.
TEST_F(ExportTest, DetectsARecordThatWasWrittenAnew) {
  append_records(8);
  auto bad = lines();
  ExportLine line = *read_export_line(bad[3]);
  line.record->event.actor_id = "usr_other";
  line.record->hash = to_hex(leaf_of(*line.record));
  bad[3] = export_line(line, ExportFormat::jsonl);
  EXPECT_EQ(wrong(bad),
            "audit record 3 was changed or put in: it is not in the log that was signed");
}

TEST_F(ExportTest, DetectsAHeadThatPromisesLess) {
  append_records(8);
  auto bad = lines();
  const SigningKey other = *SigningKey::open(home.path() / "other.key", home.path() / "other.pub");
  const auto note = checkpoint().note;
  bad.resize(7);
  bad[0] = export_head({.checkpoint = note, .first = 1, .last = 6}, other);
  EXPECT_NE(wrong(bad).find("not signed by this key"), std::string::npos);
}

TEST_F(ExportTest, OfAnotherLogIsRefused) {
  append_records(2);
  const auto good = lines();
  const Checkpoint other{.origin = "wenyuan.audit/other", .size = 2, .root = {}, .time = 1};
  const SigningKey key = *SigningKey::open(home.path() / "audit.key", home.path() / "audit.pub");
  EXPECT_NE(wrong(good, sign_checkpoint(other, key)).find("of another log"), std::string::npos);
}

TEST_F(ExportTest, IsHeldAgainstACheckpointKeptElsewhere) {
  append_records(4);
  const std::string kept = checkpoint().note;
  EXPECT_EQ(wrong(lines(), kept), "");
  append_records(2);
  const std::string longer = [&] {
    EXPECT_TRUE(checkpointer->write(6000));
    return (*database->read(
        [](store::Snapshot& snapshot) { return stored_checkpoints(snapshot, 0, 1); }))[0]
        .note;
  }();
  EXPECT_EQ(wrong(lines(), longer), "");
}

// 10,000 single edits, each with one of the ways in which a file can be changed.
TEST_F(ExportTest, DetectsEverySingleEdit) {
  append_records(12);
  append_event({.action = "ask",
                .actor_id = "usr_x",
                .address = "192.0.2.7",
                .personal = {{.subjects = {}, .fields = {{"question", "Why \"so\"?"}}}}},
               2000);
  ExportQuery query;
  query.vault = vault.get();
  const auto good = lines(query);
  ASSERT_EQ(wrong(good), "");
  std::mt19937 random(11);
  const SigningKey other = *SigningKey::open(home.path() / "o.key", home.path() / "o.pub");
  for (int round = 0; round < 10'000; ++round) {
    auto bad = good;
    const std::size_t at = random() % bad.size();
    switch (random() % 6) {
      case 0: {
        char& byte = bad[at][random() % bad[at].size()];
        byte = static_cast<char>(byte ^ (1 << (random() % 8)));
        break;
      }
      case 1: {
        const std::size_t to = random() % bad.size();
        if (to == at) continue;
        std::swap(bad[at], bad[to]);
        break;
      }
      case 2: bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(at)); break;
      case 3:
        bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(at), bad[random() % bad.size()]);
        break;
      case 4: bad.resize(at); break;
      case 5: bad[0] = export_head(*read_export_head(bad[0], checkpointer->key()), other); break;
    }
    ASSERT_FALSE(verify_lines(bad)) << "round " << round;
  }
}

TEST_F(ExportTest, ShowsPersonalTextsOnlyWithTheVault) {
  append_event({.action = "auth.sign_in", .actor_id = "usr_x", .address = "192.0.2.7"}, 2000);
  EXPECT_EQ(lines()[1].find("192.0.2.7"), std::string::npos);
  ExportQuery query;
  query.vault = vault.get();
  const auto made = lines(query);
  EXPECT_NE(made[1].find("192.0.2.7"), std::string::npos);
  auto bad = made;
  bad[1].replace(bad[1].find("192.0.2.7"), 9, "192.0.2.8");
  EXPECT_NE(wrong(bad), "");
}

TEST_F(ExportTest, AsOcsfIsVerifiedWithItsCheckpoint) {
  append_event({.action = "auth.sign_in", .actor_id = "usr_x", .address = "192.0.2.7"}, 2000);
  append_event({.action = "document.read", .actor_id = "usr_x", .object_id = "doc_y"}, 2001);
  append_event({.action = "refuse", .outcome = Outcome::refused}, 2002);
  ExportQuery query;
  query.vault = vault.get();
  const auto made = lines(query, ExportFormat::ocsf);
  ASSERT_EQ(made.size(), 3U);
  const auto sign_in = nlohmann::json::parse(made[0]);
  EXPECT_EQ(sign_in["class_uid"], 3002);
  EXPECT_EQ(sign_in["type_uid"], 300201);
  EXPECT_EQ(sign_in["category_uid"], 3);
  EXPECT_EQ(sign_in["src_endpoint"]["ip"], "192.0.2.7");
  EXPECT_EQ(sign_in["time"], 2000);
  const auto read = nlohmann::json::parse(made[1]);
  EXPECT_EQ(read["class_uid"], 6003);
  EXPECT_EQ(read["activity_id"], 2);
  EXPECT_EQ(read["resources"][0]["uid"], "doc_y");
  EXPECT_EQ(nlohmann::json::parse(made[2])["status_id"], 2);
  const auto verified = verify_lines(made, checkpoint().note);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_FALSE(verified->filtered);
  EXPECT_FALSE(verify_lines(made)) << "no checkpoint";
  auto bad = made;
  bad[1].replace(bad[1].find("doc_y"), 5, "doc_z");
  EXPECT_NE(wrong(bad, checkpoint().note), "");
}

TEST_F(ExportTest, EveryLineIsJson) {
  append_records(3);
  for (const std::string& line : lines()) {
    EXPECT_FALSE(nlohmann::json::parse(line, nullptr, false).is_discarded()) << line;
  }
}

}  // namespace
}  // namespace wenyuan::audit
