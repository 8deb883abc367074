// A store whose erasure secrets are older than its data.
#include <gtest/gtest.h>

#include "base/file.h"
#include "store/consistency.h"
#include "store/erasure.h"
#include "store/erasure_log.h"
#include "store/key_ring.h"
#include "store/unreadable.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

namespace fs = std::filesystem;

class LostSecretsTest : public ContentFixture {
 protected:
  // Two documents; the file is from before the second.
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1");
    kept = add("col_1", "a");
    finish(kept.id, "Stays.");
    older = *read_file(secrets_file());
    reopen();  // so that the next block of secrets is begun
    lost = add("col_1", "b");
    finish(lost.id, "Is newer.");
    newer = *read_file(secrets_file());
    put_back(older);
  }
  void put_back(const std::string& secrets) {
    database.reset();
    ASSERT_TRUE(write_file_durably(secrets_file(), secrets));
    reopen();
  }
  fs::path secrets_file() const { return home.path() / "keys" / kSecretsFileName; }
  Result<std::string> text_of(const std::string& document_id) {
    const Permit open = permit(Action::read, {"col_1"});
    return read(
        [&](Snapshot& snapshot) { return document_text(snapshot, open, document_id, 0, 1000); });
  }

  std::int64_t last_secret(const std::string& table) {
    return *read([&](Snapshot& snapshot) -> Result<std::int64_t> {
      WY_TRY(auto statement, snapshot.prepare("SELECT max(key_secret) FROM " + table));
      WY_RETURN_IF_ERROR(statement.step());
      return statement.integer(0);
    });
  }

  Document kept, lost;
  std::string older, newer;
};

TEST_F(LostSecretsTest, StartsAndReadsWhatItCan) {
  EXPECT_EQ(database->unreadable_documents(), 1);
  EXPECT_EQ(*text_of(kept.id), "Stays.");
  EXPECT_EQ(get(kept.id).title, "Title of a");
  const Document unreadable = get(lost.id);
  EXPECT_TRUE(unreadable.unreadable);
  EXPECT_EQ(unreadable.title, "");
  const auto text = text_of(lost.id);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, lost_secret().message);
  const Permit open = permit(Action::read, {"col_1"});
  const auto listed = read([&](Snapshot& snapshot) {
    return documents(snapshot, open, DocumentFilter{}, {.limit = 10, .cursor = ""});
  });
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->items.size(), 2U);
  EXPECT_EQ(listed->items[1].error, lost_secret().message);
}

TEST_F(LostSecretsTest, AnIndexGetsTheOthers) {
  const LabelId label = get(kept.id).label_id;
  const auto chunks = read([&](Snapshot& snapshot) {
    return chunks_for_index(snapshot, label, {1, 1000, 1000}, "test");
  });
  ASSERT_TRUE(chunks) << chunks.error().message;
  ASSERT_EQ(chunks->size(), 1U);
  EXPECT_EQ(chunks->front().text, "Stays.");
  const Permit open = permit(Action::read, {"col_1"});
  const std::vector<ChunkId> both = {1, 2};
  const auto found = read([&](Snapshot& snapshot) { return chunks_by_id(snapshot, open, both); });
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->size(), 1U);
}

TEST_F(LostSecretsTest, AreNamedByTheCheckAndAreNoOtherProblem) {
  const auto checked = read([](Snapshot& snapshot) { return check_consistency(snapshot); });
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->unreadable, std::vector<std::string>{lost.id});
  EXPECT_EQ(checked->problems, std::vector<std::string>());
}

TEST_F(LostSecretsTest, TheirNumbersAreNotGivenOutAgain) {
  const std::int64_t before = last_secret("documents");
  const Document next = add("col_1", "c");
  EXPECT_GT(last_secret("documents"), before);
  const Permit open = permit(Action::write, {"col_1"});
  ASSERT_TRUE(write([&](Transaction& tx) { return remove_document(tx, open, lost.id); }));
  reopen();
  EXPECT_EQ(get(next.id).title, "Title of c");
  EXPECT_EQ(database->unreadable_documents(), 0);
}

// Else a receipt would say that the key is there again, and a version could be opened by another's.
TEST_F(LostSecretsTest, NumbersOfVersionsAndOfWhatWasErasedAreNotGivenOutAgain) {
  for (const char* const table : {"document_versions", "erasures"}) {
    ASSERT_TRUE(write([&](Transaction& tx) -> Status {
      Erasure erasure;
      erasure.receipt_id = std::string("rct_") + table;
      WY_RETURN_IF_ERROR(add_erasure(tx, erasure));
      WY_TRY(auto highest, tx.prepare("SELECT max(key_secret) + 5000 FROM documents"));
      WY_RETURN_IF_ERROR(highest.step());
      WY_TRY(auto statement, tx.prepare(std::string("UPDATE ") + table + " SET key_secret = ?"));
      return statement.bind(1, highest.integer(0)).run();
    })) << table;
    const std::int64_t used = last_secret(table);
    put_back(older);
    add("col_1", table);
    EXPECT_GT(last_secret("documents"), used) << table;
  }
}

TEST_F(LostSecretsTest, TheSameUploadedAgainIsADocumentThatCanBeRead) {
  const auto again = try_add(described("col_1", "b"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_FALSE(again->duplicate);
  EXPECT_NE(again->document.id, lost.id);
}

TEST_F(LostSecretsTest, CannotBeChangedButRelabelledAndFailed) {
  Document wanted = get(lost.id);
  wanted.title = "Another";
  const Permit open = permit(Action::write, {"col_1"});
  const auto changed =
      write([&](Transaction& tx) { return update_document(tx, open, wanted, access, 9); });
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().message, lost_secret().message);
  EXPECT_TRUE(write([&](Transaction& tx) { return fail_document(tx, lost.id, "No.", 9); }));
  database.reset();
  ASSERT_TRUE(write_file_durably(secrets_file(), newer));
  reopen();
  EXPECT_EQ(get(lost.id).title, "Title of b") << "nothing was written over what could not be read";
}

TEST_F(LostSecretsTest, ANewerFileInTheCopyBringsThemBack) {
  const Document next = add("col_1", "c");
  database.reset();
  fs::create_directory(home.path() / "copy");
  ASSERT_TRUE(write_file_durably(home.path() / "copy" / kSecretsFileName, newer));
  auto opened = Database::open({.directory = home.path(), .key_copy = home.path() / "copy"});
  ASSERT_TRUE(opened) << opened.error().message;
  database = *std::move(opened);
  EXPECT_EQ(database->unreadable_documents(), 0);
  EXPECT_EQ(*text_of(lost.id), "Is newer.");
  EXPECT_EQ(get(next.id).title, "Title of c");
}

TEST_F(LostSecretsTest, WhatComesBackIsIndexedAgain) {
  const LabelId label = get(kept.id).label_id;
  const auto last = [&] {
    return *read([&](Snapshot& snapshot) { return last_change(snapshot, label); });
  };
  const CommitNumber without = last();
  reopen();
  EXPECT_EQ(last(), without);
  put_back(newer);
  const CommitNumber with = last();
  EXPECT_GT(with, without);
  const auto log = read([&](Snapshot& snapshot) { return changes(snapshot, label, without, 10); });
  ASSERT_TRUE(log);
  ASSERT_EQ(log->size(), 1U);
  EXPECT_EQ(log->front().document_id, lost.id);
  EXPECT_TRUE(log->front().added);
  reopen();
  EXPECT_EQ(last(), with);
}

TEST_F(LostSecretsTest, AreRemovedWhenThatIsWanted) {
  const auto found = read([](Snapshot& snapshot) { return unreadable_documents(snapshot); });
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_TRUE(found->front().lost);
  ASSERT_TRUE(write([&](Transaction& tx) { return erase_keyless(tx, found->front().number); }));
  reopen();
  EXPECT_EQ(count_of("documents"), 1);
  EXPECT_EQ(database->unreadable_documents(), 0);
  EXPECT_EQ(*text_of(kept.id), "Stays.");
}

}  // namespace
}  // namespace wenyuan::store
