#include "store/version_retention.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "store/consistency.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Retention : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_a");
  }

  std::string ready_version(const std::string& content) {
    const Document document = add("col_a", content, {}, "ext");
    finish(document.id, content, document.version);
    return document.id;
  }

  Status keep(const VersionRetention& retention, Action action = Action::manage) {
    const Permit open = permit(action, {"col_a"});
    return write(
        [&](Transaction& tx) { return set_version_retention(tx, open, "col_a", retention); });
  }

  // The numbers of those that went.
  std::vector<std::int64_t> sweep(std::size_t count_max = 100) {
    const auto dropped =
        write([&](Transaction& tx) { return drop_old_versions(tx, now, count_max); });
    EXPECT_TRUE(dropped) << dropped.error().message;
    std::vector<std::int64_t> numbers;
    for (const DroppedVersion& each : dropped->versions) numbers.push_back(each.version);
    unnamed = dropped->unnamed_blobs;
    return numbers;
  }

  std::vector<std::int64_t> left(const std::string& id) {
    const Permit open = permit(Action::read, {"col_a"});
    const auto all = read([&](Snapshot& snapshot) { return versions(snapshot, open, id); });
    std::vector<std::int64_t> numbers;
    for (const DocumentVersion& each : *all) numbers.push_back(each.version);
    return numbers;
  }

  std::vector<std::string> problems() {
    return read([](Snapshot& snapshot) { return check_consistency(snapshot); })->problems;
  }

  std::vector<std::string> unnamed;
};

TEST_F(Retention, KeepsEverythingUnlessToldOtherwise) {
  const std::string id = ready_version("one");
  ready_version("two");
  now += 1'000'000'000'000;
  EXPECT_THAT(sweep(), IsEmpty());
  const auto kept = read([](Snapshot& s) { return version_retention(s, "col_a"); });
  EXPECT_EQ(kept->kept, std::nullopt);
  EXPECT_EQ(kept->kept_for, std::nullopt);
}

TEST_F(Retention, KeepsSoManySupersededVersions) {
  const std::string id = ready_version("one");
  for (const char* const content : {"two", "three", "four"}) ready_version(content);
  ASSERT_TRUE(keep({.kept = 1}));
  EXPECT_TRUE(*read([&](Snapshot& s) { return has_old_versions(s, now); }));
  EXPECT_THAT(sweep(1), ElementsAre(1));
  EXPECT_THAT(sweep(), ElementsAre(2));
  EXPECT_THAT(unnamed, ElementsAre(sha256_of("two")));
  EXPECT_THAT(left(id), ElementsAre(4, 3));
  EXPECT_EQ(count_of("past_chunks"), 1);
  EXPECT_FALSE(*read([&](Snapshot& s) { return has_old_versions(s, now); }));
  ASSERT_TRUE(keep({.kept = 0}));
  EXPECT_THAT(sweep(), ElementsAre(3));
  EXPECT_EQ(count_of("past_chunks") + count_of("past_texts") + count_of("past_layouts"), 0);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Retention, KeepsThemForSoLongAfterANewerOneCame) {
  const std::string id = ready_version("one");
  now += 1000;
  ready_version("two");
  const UnixMillis superseded = now;
  now += 1000;
  ready_version("three");
  ASSERT_TRUE(keep({.kept_for = 500}));
  now = superseded + 400;
  EXPECT_THAT(sweep(), IsEmpty());
  now = superseded + 501;
  EXPECT_THAT(sweep(), ElementsAre(1));
  EXPECT_THAT(left(id), ElementsAre(3, 2));
}

TEST_F(Retention, LeavesTheTextOfNowAndWhatWaits) {
  const std::string id = ready_version("one");
  add("col_a", "two", {}, "ext");
  ASSERT_TRUE(keep({.kept = 0, .kept_for = 0}));
  EXPECT_THAT(sweep(), IsEmpty());
  finish(id, "two", 2);
  EXPECT_THAT(sweep(), ElementsAre(1));
  EXPECT_THAT(left(id), ElementsAre(2));
}

TEST_F(Retention, LeavesOriginalsThatAnotherDocumentHas) {
  ready_version("one");
  ready_version("two");
  add("col_a", "one");
  ASSERT_TRUE(keep({.kept = 0}));
  EXPECT_THAT(sweep(), ElementsAre(1));
  EXPECT_THAT(unnamed, IsEmpty());
}

TEST_F(Retention, IsForWhoeverManages) {
  EXPECT_EQ(keep({.kept = 1}, Action::write).error().code, ErrorCode::forbidden);
  EXPECT_EQ(keep({.kept = -1}).error().code, ErrorCode::invalid_argument);
  const Permit other = permit(Action::manage, {"col_b"});
  const auto hidden =
      write([&](Transaction& tx) { return set_version_retention(tx, other, "col_a", {}); });
  EXPECT_EQ(hidden.error().code, ErrorCode::not_found);
}

// An older copy of the database, in which the version still stood, is put back.
class Restored : public Retention {
 protected:
  void put_back(const std::string& copy) {
    database.reset();
    ASSERT_TRUE(write_file_durably(home.path() / "wenyuan.db", copy));
    fs::remove(home.path() / "wenyuan.db-wal");
    fs::remove(home.path() / "wenyuan.db-shm");
    reopen();
  }
  std::string copy_of_now() {
    EXPECT_TRUE(database->checkpoint());
    return *read_file(home.path() / "wenyuan.db");
  }
};

TEST_F(Restored, AVersionThatWentIsErasedInAnOlderCopyToo) {
  const std::string id = ready_version("one");
  ready_version("two");
  const std::string copy = copy_of_now();
  ASSERT_TRUE(keep({.kept = 0}));
  EXPECT_THAT(sweep(), ElementsAre(1));
  put_back(copy);
  EXPECT_THAT(left(id), ElementsAre(2));
  EXPECT_EQ(count_of("past_chunks"), 0);
  const Permit open = permit(Action::read, {"col_a"});
  EXPECT_EQ(*read([&](Snapshot& s) { return document_text(s, open, id, 0, 9); }), "two");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Restored, ADocumentWhoseTextOfThenWentIsErased) {
  ready_version("one");
  const std::string copy = copy_of_now();
  ready_version("two");
  ASSERT_TRUE(keep({.kept = 0}));
  EXPECT_THAT(sweep(), ElementsAre(1));
  put_back(copy);
  EXPECT_EQ(count_of("documents"), 0);
  EXPECT_THAT(problems(), IsEmpty());
}

}  // namespace
}  // namespace wenyuan::store
