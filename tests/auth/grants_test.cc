#include "auth/grants.h"

#include <gtest/gtest.h>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

class GrantsTest : public AuthTest {
 protected:
  Label label_of(const std::string& document_id) {
    const auto found = read([&](store::Snapshot& s) -> Result<Label> {
      WY_TRY(const Document document, store::document_for_ingest(s, document_id));
      WY_TRY(const auto labels, store::labels(s));
      for (const Label& label : labels) {
        if (label.id == document.label_id) return label;
      }
      return Error{ErrorCode::not_found, "no label"};
    });
    return must(found);
  }
  std::int64_t grant_count() {
    return must(read([](store::Snapshot& s) -> Result<std::int64_t> {
      WY_TRY(auto count, s.prepare("SELECT count(*) FROM grants"));
      WY_RETURN_IF_ERROR(count.step());
      return count.integer(0);
    }));
  }

  const std::string ann_ = user("ann");
  const std::string bob_ = user("bob");
  const std::string eve_ = user("eve");
  const std::string shelf_ = personal(ann_);
  const std::string book_ = document(ann_, shelf_);
  const std::string letter_ = document(ann_, shelf_);
};

TEST_F(GrantsTest, OpenWhatTheirRoleSays) {
  const std::pair<GrantRole, std::string> roles[] = {
      {GrantRole::reader, "r"}, {GrantRole::editor, "rw"}, {GrantRole::owner, "rwm"}};
  for (const auto& [role, expected] : roles) {
    for (const std::string& resource : {shelf_, book_}) {
      const std::string given = grant(bob_, role, resource);
      std::string opened = may(bob_, Action::read, book_) ? "r" : "";
      opened += may(bob_, Action::write, book_) ? "w" : "";
      opened += may(bob_, Action::manage, book_) ? "m" : "";
      EXPECT_EQ(opened, expected);
      EXPECT_EQ(may(bob_, Action::read, letter_), resource == shelf_);
      EXPECT_EQ(may(bob_, Action::write, shelf_), resource == shelf_ && role != GrantRole::reader);
      EXPECT_EQ(decision(bob_, Action::read, book_).reasons, std::vector<std::string>{given});
      EXPECT_TRUE(sees(bob_, shelf_));
      EXPECT_FALSE(may(eve_, Action::read, book_));
      revoke(given);
      EXPECT_FALSE(may(bob_, Action::read, book_));
      EXPECT_FALSE(sees(bob_, shelf_));
    }
  }
}

TEST_F(GrantsTest, ReachTheMembersOfAGroup) {
  const std::string readers = group("readers", {bob_});
  grant(readers, GrantRole::reader, shelf_);
  EXPECT_TRUE(may(bob_, Action::read, book_));
  EXPECT_FALSE(may(eve_, Action::read, book_));
  must(write([&](store::Transaction& tx) { return add_member(tx, readers, eve_); }));
  EXPECT_TRUE(may(eve_, Action::read, book_));
  must(write([&](store::Transaction& tx) { return remove_member(tx, readers, bob_); }));
  EXPECT_FALSE(may(bob_, Action::read, book_));
  must(write([&](store::Transaction& tx) {
    return remove_group(tx, readers, engine_.access_attributes());
  }));
  EXPECT_FALSE(may(eve_, Action::read, book_));
  EXPECT_EQ(grant_count(), 0);
}

TEST_F(GrantsTest, GiveADocumentACompartmentOfItsOwnWhileThereAreSome) {
  EXPECT_EQ(label_of(book_).id, label_of(letter_).id);
  const std::string first = grant(bob_, GrantRole::reader, book_);
  EXPECT_EQ(label_of(book_).document_id, book_);
  EXPECT_EQ(label_of(letter_).document_id, "");
  const std::string second = grant(eve_, GrantRole::reader, book_);
  revoke(first);
  EXPECT_EQ(label_of(book_).document_id, book_);
  revoke(second);
  EXPECT_EQ(label_of(book_).id, label_of(letter_).id);
}

TEST_F(GrantsTest, NeedBothEndsToExist) {
  const auto code = [&](const std::string& principal, const std::string& resource) {
    const auto added = try_grant(principal, GrantRole::reader, resource);
    return added ? std::string("added") : std::string(name(added.error().code));
  };
  EXPECT_EQ(code("usr_none", shelf_), "not_found");
  EXPECT_EQ(code(bob_, "col_none"), "not_found");
  EXPECT_EQ(code(bob_, bob_), "not_found");
  EXPECT_EQ(code(bob_, shelf_), "added");
  EXPECT_EQ(code(bob_, shelf_), "conflict");
  EXPECT_TRUE(try_grant(bob_, GrantRole::owner, shelf_)) << "another role is another grant";
  const auto gone =
      write([&](store::Transaction& tx) { return engine_.remove_grant(tx, "grt_x"); });
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
}

TEST_F(GrantsTest, EndWithTheirUserDocumentAndCollection) {
  grant(bob_, GrantRole::reader, book_);
  grant(bob_, GrantRole::reader, shelf_);
  must(write([&](store::Transaction& tx) {
    return identities_->remove_user(tx, bob_, engine_.access_attributes());
  }));
  EXPECT_EQ(grant_count(), 0);
  EXPECT_EQ(label_of(book_).id, label_of(letter_).id);

  grant(eve_, GrantRole::reader, book_);
  grant(eve_, GrantRole::reader, letter_);
  grant(eve_, GrantRole::reader, shelf_);
  const Permit may_write = permit(who(ann_), Action::write);
  must(write([&](store::Transaction& tx) { return store::remove_document(tx, may_write, book_); }));
  EXPECT_EQ(grant_count(), 2);
  const Permit may_manage = permit(who(ann_), Action::manage);
  must(write(
      [&](store::Transaction& tx) { return store::remove_collection(tx, may_manage, shelf_); }));
  EXPECT_EQ(grant_count(), 0);
}

TEST_F(GrantsTest, HaveWireNames) {
  for (const GrantRole role : {GrantRole::reader, GrantRole::editor, GrantRole::owner}) {
    EXPECT_EQ(grant_role(name(role)), role);
  }
  EXPECT_EQ(grant_role("king"), std::nullopt);
}

TEST_F(GrantsTest, AreKnownToPoliciesThroughGroups) {
  const std::string open = organization(ann_);
  const std::string note = document(ann_, open);
  const std::string friends = group("friends", {eve_});
  policy("allow if \"" + friends + "\" in user.groups");
  EXPECT_TRUE(may(eve_, Action::read, note));
  EXPECT_FALSE(may(bob_, Action::read, note));
}

class GroupsTest : public AuthTest {};

TEST_F(GroupsTest, HaveUniqueNamesAndKnownMembers) {
  const std::string ann = user("ann");
  const std::string first = group("Readers", {ann, ann});
  EXPECT_EQ(must(read([&](store::Snapshot& s) { return members(s, first); })),
            std::vector<std::string>{ann});
  const auto again = write([&](store::Transaction& tx) {
    Group wanted;
    wanted.name = "readers";
    return add_group(tx, wanted, now_);
  });
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  const auto stranger =
      write([&](store::Transaction& tx) { return add_member(tx, first, "usr_none"); });
  EXPECT_EQ(stranger.error().code, ErrorCode::not_found);
  group("Authors", {});
  const auto all = must(read([](store::Snapshot& s) { return groups(s); }));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "Authors");
  Group renamed = all[1];
  renamed.name = "READERS";
  renamed.description = "those who read";
  must(write([&](store::Transaction& tx) { return update_group(tx, renamed, now_ + 1); }));
  renamed.name = "authors";
  const auto taken =
      write([&](store::Transaction& tx) { return update_group(tx, renamed, now_ + 1); });
  EXPECT_EQ(taken.error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace wenyuan::auth
