#include "auth/identities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class IdentitiesTest : public AuthTest {
 protected:
  Result<User> try_user(const User& wanted) {
    return write([&](store::Transaction& tx) {
      return identities_->add_user(tx, wanted, std::nullopt, now_);
    });
  }
  std::string refusal(const User& wanted) {
    const auto added = try_user(wanted);
    return added ? "added" : added.error().message;
  }
  std::string with_password(const std::string& name, const std::string& password,
                            std::vector<std::string> roles = {}) {
    const HashedPassword hashed = must(identities_->hash_password(password, roles));
    User wanted;
    wanted.username = name;
    wanted.roles = std::move(roles);
    return must(write([&](store::Transaction& tx) {
             return identities_->add_user(tx, wanted, hashed, now_);
           }))
        .id;
  }
  std::string sign_in(const std::string& name, const std::string& password) {
    const auto principal = identities_->authenticate_password(*database_, name, password);
    return principal ? principal->user_id : std::string(wenyuan::name(principal.error().code));
  }
  Status remove(const std::string& id) {
    return write([&](store::Transaction& tx) {
      return identities_->remove_user(tx, id, engine_.access_attributes());
    });
  }
};

TEST_F(IdentitiesTest, KeepWhatAUserIs) {
  User wanted;
  wanted.username = "Ann";
  wanted.display_name = "Ann 文渊";
  wanted.email = "ann@example.org";
  wanted.attributes = {{"department", "hr"}, {"level", std::int64_t{3}}};
  wanted.roles = {"auditor", "admin", "auditor"};
  const User added = must(try_user(wanted));
  EXPECT_THAT(added.id, StartsWith("usr_"));
  EXPECT_THAT(added.roles, ElementsAre("admin", "auditor"));
  const User found =
      must(read([&](store::Snapshot& s) { return identities_->user_by_name(s, "aNN"); }));
  EXPECT_EQ(found.id, added.id);
  EXPECT_EQ(found.username, "Ann");
  EXPECT_EQ(found.display_name, "Ann 文渊");
  EXPECT_EQ(found.attributes, wanted.attributes);
  EXPECT_FALSE(found.has_password);
  const Principal principal = who(added.id);
  EXPECT_TRUE(principal.acts_as("admin"));
  EXPECT_THAT(principal.scopes, ElementsAre("*"));
}

TEST_F(IdentitiesTest, RefuseUsersThatMakeNoSense) {
  User good;
  good.username = "ann";
  must(try_user(good));
  User bad = good;
  bad.username = "ANN";
  EXPECT_EQ(refusal(bad), "username: this name is taken");
  for (const std::string& name :
       {std::string(), std::string(65, 'a'), std::string("a\nb"), std::string("a\0b", 3),
        std::string("a\u202Eb"), std::string("a\u200Bb"), std::string("\xFF"), std::string(" a")}) {
    bad.username = name;
    EXPECT_THAT(refusal(bad), StartsWith("username: expected"));
  }
  bad = good;
  bad.username = std::string(64, 'x');
  EXPECT_EQ(refusal(bad), "added");
  bad.username = "eve";
  bad.roles = {"root"};
  EXPECT_THAT(refusal(bad), StartsWith("roles: there is no role root"));
  bad.roles.clear();
  bad.email = "nobody";
  EXPECT_THAT(refusal(bad), StartsWith("email: "));
  bad.email.clear();
  bad.attributes = {{"Bad Name", true}};
  EXPECT_THAT(refusal(bad), StartsWith("attributes: "));
}

TEST_F(IdentitiesTest, ListUsersByNamePageByPage) {
  for (const std::string name : {"dora", "Ann", "carl", "Bob", "eve"}) user(name);
  std::vector<std::string> names;
  store::Page page{.limit = 2, .cursor = ""};
  do {
    const auto listing =
        must(read([&](store::Snapshot& s) { return identities_->users(s, page); }));
    EXPECT_LE(listing.items.size(), 2U);
    for (const User& each : listing.items) names.push_back(each.username);
    page.cursor = listing.next_cursor;
  } while (!page.cursor.empty());
  EXPECT_THAT(names, ElementsAre("Ann", "Bob", "carl", "dora", "eve"));
  page.cursor = "xyz";
  const auto bad = read([&](store::Snapshot& s) { return identities_->users(s, page); });
  EXPECT_EQ(bad.error().code, ErrorCode::invalid_argument);
}

TEST_F(IdentitiesTest, ChangeOnlyWhatIsGiven) {
  const std::string ann = user("ann", {{"department", "hr"}}, {"auditor"});
  const Epoch before = database_->epoch();
  must(change(ann, {.display_name = "Ann"}));
  EXPECT_GT(database_->epoch(), before);
  Principal principal = who(ann);
  EXPECT_EQ(principal.attributes, (Attributes{{"department", "hr"}}));
  EXPECT_TRUE(principal.has_role("auditor"));
  must(change(ann, {.roles = std::vector<std::string>{}}));
  EXPECT_FALSE(who(ann).has_role("auditor"));
  EXPECT_EQ(change("usr_none", {}).error().code, ErrorCode::not_found);
}

TEST_F(IdentitiesTest, KeepTheLastAdministrator) {
  const std::string root = user("root", {}, {"admin"});
  EXPECT_EQ(change(root, {.disabled = true}).error().code, ErrorCode::conflict);
  EXPECT_EQ(change(root, {.roles = std::vector<std::string>{}}).error().code, ErrorCode::conflict);
  EXPECT_EQ(remove(root).error().code, ErrorCode::conflict);
  const std::string other = user("other", {}, {"admin"});
  EXPECT_TRUE(change(root, {.disabled = true}));
  EXPECT_EQ(remove(other).error().code, ErrorCode::conflict);
  EXPECT_TRUE(remove(root)) << "a disabled one is no loss";
}

TEST_F(IdentitiesTest, RemoveAUserWithEverythingThatIsTheirs) {
  const std::string ann = user("ann");
  const NewKey made = key(ann, {"*"});
  const std::string readers = group("readers", {ann});
  const std::string shelf = personal(ann);
  const Status refused = remove(ann);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().message, "this user owns 1 collection; remove them first");
  EXPECT_TRUE(by_key(made.key));
  const Permit may_manage = permit(who(ann), Action::manage);
  must(write(
      [&](store::Transaction& tx) { return store::remove_collection(tx, may_manage, shelf); }));
  must(remove(ann));
  EXPECT_EQ(by_key(made.key).error().code, ErrorCode::unauthenticated);
  EXPECT_TRUE(must(read([&](store::Snapshot& s) { return members(s, readers); })).empty());
  EXPECT_EQ(remove(ann).error().code, ErrorCode::not_found);
  EXPECT_NE(user("ann"), ann) << "the name is free again";
}

TEST_F(IdentitiesTest, SignInByPassword) {
  const std::string ann = with_password("ann", "correct horse");
  EXPECT_EQ(sign_in("ANN", "correct horse"), ann);
  EXPECT_EQ(sign_in("ann", "correct hors"), "unauthenticated");
  EXPECT_EQ(sign_in("ann", ""), "unauthenticated");
  EXPECT_EQ(sign_in("ann", std::string(100'000, 'x')), "unauthenticated");
  EXPECT_EQ(sign_in("nobody", "correct horse"), "unauthenticated");
  EXPECT_EQ(sign_in(std::string(100'000, 'x'), "correct horse"), "unauthenticated");
  must(change(ann, {.disabled = true}));
  EXPECT_EQ(sign_in("ann", "correct horse"), "unauthenticated");
  must(change(
      ann, {.password = must(identities_->hash_password("another one", {})), .disabled = false}));
  EXPECT_EQ(sign_in("ann", "correct horse"), "unauthenticated");
  EXPECT_EQ(sign_in("ann", "another one"), ann);
  user("keyholder");
  EXPECT_EQ(sign_in("keyholder", ""), "unauthenticated");
}

TEST_F(IdentitiesTest, SayTheSameWhateverWasWrong) {
  with_password("ann", "correct horse");
  const auto wrong = identities_->authenticate_password(*database_, "ann", "wrong horse");
  const auto unknown = identities_->authenticate_password(*database_, "bob", "correct horse");
  EXPECT_EQ(wrong.error().message, unknown.error().message);
}

TEST_F(IdentitiesTest, HashAdministratorsHarder) {
  const std::string ann = with_password("ann", "correct horse");
  const auto outdated = [&] {
    return must(
        read([&](store::Snapshot& s) { return identities_->password_is_outdated(s, ann); }));
  };
  EXPECT_FALSE(outdated());
  user("root", {}, {"admin"});
  must(change(ann, {.roles = std::vector<std::string>{"admin"}}));
  EXPECT_TRUE(outdated());
  must(change(ann, {.password = must(identities_->hash_password("correct horse", {"admin"}))}));
  EXPECT_FALSE(outdated());
  EXPECT_EQ(sign_in("ann", "correct horse"), ann);
}

}  // namespace
}  // namespace wenyuan::auth
