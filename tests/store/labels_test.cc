// Compartments: which label a document has, and what indexes learn when it moves.
#include <gtest/gtest.h>

#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

const AttributeValue kOne = std::int64_t{1};
const AttributeValue kTwo = std::int64_t{2};

class LabelsTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1", {{"department", "sales"}});
  }
  void update(Document document) {
    const Permit open = permit(Action::write, {"col_1"});
    const auto done =
        write([&](Transaction& tx) { return update_document(tx, open, document, access, ++now); });
    ASSERT_TRUE(done) << done.error().message;
  }
};

TEST_F(LabelsTest, AreMadeOfTheAccessRelevantAttributesOfDocumentOverCollection) {
  const Document plain = add("col_1", "a", {{"colour", "red"}});
  const Document same = add("col_1", "b", {{"colour", "blue"}});
  const Document other = add("col_1", "c", {{"department", "law"}, {"sensitivity", kTwo}});
  EXPECT_EQ(plain.label_id, same.label_id);
  EXPECT_NE(plain.label_id, other.label_id);
  const auto all = all_labels();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].attributes, (Attributes{{"department", "sales"}}));
  EXPECT_EQ(all[1].attributes, (Attributes{{"department", "law"}, {"sensitivity", kTwo}}));
  EXPECT_EQ(all[0].collection_kind, CollectionKind::organization);
  EXPECT_EQ(all[0].owner_id, "usr_a");
  EXPECT_TRUE(all[0].document_id.empty());
}

TEST_F(LabelsTest, RaiseTheEpochOnlyWhenTheyComeOrGo) {
  const Epoch start = database->epoch();
  const Document first = add("col_1", "a");
  EXPECT_GT(database->epoch(), start);
  const Epoch one = database->epoch();
  const Document second = add("col_1", "b");
  finish(second.id, "words");
  EXPECT_EQ(database->epoch(), one);
  const auto remove = [&](const std::string& id) {
    const Permit open = permit(Action::write, {"col_1"});
    ASSERT_TRUE(write([&](Transaction& tx) { return remove_document(tx, open, id); }));
  };
  remove(first.id);
  EXPECT_EQ(database->epoch(), one);
  remove(second.id);
  EXPECT_GT(database->epoch(), one);
  EXPECT_TRUE(all_labels().empty());
}

TEST_F(LabelsTest, MoveTheChunksOfADocumentThatChangesItsLabel) {
  Document document = add("col_1", "a");
  const Document stays = add("col_1", "b");
  finish(document.id, "one\ntwo");
  finish(stays.id, "three");
  const LabelId before = document.label_id;
  document.attributes = {{"sensitivity", kTwo}};
  update(document);
  const LabelId after = get(document.id).label_id;
  EXPECT_NE(after, before);
  EXPECT_EQ(replayed(before), (std::vector<std::string>{"three"}));
  EXPECT_EQ(replayed(after), (std::vector<std::string>{"one", "two"}));
  const auto moved = [&](LabelId label) {
    return read([&](Snapshot& snapshot) { return last_change(snapshot, label); });
  };
  EXPECT_EQ(*moved(before), *moved(after));  // one commit
  EXPECT_EQ(*moved(before), database->last_commit());
  // And back: the index of the first sees the remove and the add.
  document.attributes = {};
  update(document);
  EXPECT_EQ(get(document.id).label_id, before);
  EXPECT_EQ(replayed(before), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_TRUE(replayed(after).empty());
  EXPECT_EQ(all_labels().size(), 1U);
}

TEST_F(LabelsTest, GiveAnIndexThatFellBehindTheRemovesThatItMissed) {
  const Document document = add("col_1", "a", {}, "report");
  finish(document.id, "one");
  const CommitNumber applied = database->last_commit();
  for (const char* content : {"b", "c"}) {
    NewDocument wanted = described("col_1", content);
    wanted.external_id = "report";
    wanted.title = "";  // stays as it is
    const auto next = try_add(wanted);
    ASSERT_TRUE(next);
    finish(next->document.id, content, next->document.version);
  }
  const auto log =
      read([&](Snapshot& snapshot) { return changes(snapshot, document.label_id, applied, 100); });
  std::vector<std::pair<bool, ChunkId>> seen;
  for (const Change& change : *log) seen.emplace_back(change.added, change.first_chunk);
  // The add of version 2 is needless now; its remove and that of version 1 are not.
  EXPECT_EQ(seen, (std::vector<std::pair<bool, ChunkId>>{{false, 1}, {false, 2}, {true, 3}}));
}

TEST_F(LabelsTest, NeverCutACommitInTwo) {
  Document document = add("col_1", "a");
  finish(document.id, "one");
  document.title = "New";
  update(document);  // a remove and an add in one commit
  const auto first =
      read([&](Snapshot& snapshot) { return changes(snapshot, document.label_id, 0, 1); });
  ASSERT_TRUE(first);
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ((*first)[0].commit, (*first)[1].commit);
}

TEST_F(LabelsTest, CountOnlyTheirOwnChanges) {
  add_collection("col_2");
  const Document document = add("col_1", "a");
  finish(document.id, "one");
  const std::vector<LabelId> mine = {document.label_id};
  const auto count = [&] {
    return *read([&](Snapshot& snapshot) { return change_count(snapshot, mine); });
  };
  const std::int64_t before = count();
  EXPECT_GT(before, 0);
  finish(add("col_2", "b").id, "two");
  finish(add("col_1", "c", {{"sensitivity", kTwo}}).id, "three");
  EXPECT_EQ(count(), before);
  finish(add("col_1", "d").id, "four");
  EXPECT_GT(count(), before);
  EXPECT_EQ(*read([&](Snapshot& s) { return change_count(s, std::vector<LabelId>{}); }), 0);
  EXPECT_EQ(*read([&](Snapshot& s) { return change_count(s, std::vector<LabelId>{99}); }), 0);
  EXPECT_EQ(*read([&](Snapshot& s) { return last_change(s, 99); }), 0);
}

TEST_F(LabelsTest, FollowTheAttributesOfTheCollection) {
  const Document inherits = add("col_1", "a");
  const Document own = add("col_1", "b", {{"department", "law"}});
  finish(inherits.id, "one");
  finish(own.id, "two");
  const Permit open = permit(Action::manage, {"col_1"});
  const Collection changed{.id = "col_1",
                           .name = "New name",
                           .kind = CollectionKind::organization,
                           .owner_id = "usr_a",
                           .attributes = {{"department", "research"}}};
  const Epoch before = database->epoch();
  ASSERT_TRUE(write([&](Transaction& tx) { return update_collection(tx, open, changed, access); }));
  EXPECT_GT(database->epoch(), before);
  EXPECT_NE(get(inherits.id).label_id, inherits.label_id);
  EXPECT_EQ(get(own.id).label_id, own.label_id);
  EXPECT_EQ(replayed(get(inherits.id).label_id), (std::vector<std::string>{"one"}));
  EXPECT_EQ(read([&](Snapshot& s) { return collection(s, "col_1"); })->name, "New name");
}

TEST_F(LabelsTest, GiveADocumentWithGrantsACompartmentOfItsOwn) {
  const Document document = add("col_1", "a");
  const Document other = add("col_1", "b");
  finish(document.id, "one");
  finish(other.id, "two");
  const auto set = [&](bool own) {
    ASSERT_TRUE(write(
        [&](Transaction& tx) { return set_document_compartment(tx, document.id, own, access); }));
  };
  set(true);
  const auto all = all_labels();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].document_id, document.id);
  EXPECT_EQ(replayed(all[1].id), (std::vector<std::string>{"one"}));
  EXPECT_EQ(replayed(document.label_id), (std::vector<std::string>{"two"}));
  // It stays there when its attributes change.
  Document changed = get(document.id);
  changed.attributes = {{"sensitivity", kOne}};
  update(changed);
  EXPECT_EQ(all_labels().back().document_id, document.id);
  set(false);
  EXPECT_TRUE(all_labels().back().document_id.empty());
}

TEST_F(LabelsTest, AreMadeAnewWhenOtherAttributesBecomeAccessRelevant) {
  const Document red = add("col_1", "a", {{"colour", "red"}});
  const Document blue = add("col_1", "b", {{"colour", "blue"}});
  EXPECT_EQ(red.label_id, blue.label_id);
  const auto use = [&](const AccessAttributes& names) {
    ASSERT_TRUE(write([&](Transaction& tx) { return use_access_attributes(tx, names); }));
  };
  use({"colour"});
  EXPECT_NE(get(red.id).label_id, get(blue.id).label_id);
  const Epoch before = database->epoch();
  use({"colour"});
  EXPECT_EQ(database->epoch(), before);
}

}  // namespace
}  // namespace wenyuan::store
