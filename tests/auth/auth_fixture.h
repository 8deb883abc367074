// A store with users, collections and policies for tests of auth.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "auth/groups.h"
#include "auth/identities.h"
#include "auth/policy_engine.h"
#include "base/id.h"
#include "base/sha256.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

// The value; an error fails the test with its message.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

class AuthTest : public testing::Test {
 protected:
  AuthTest() : AuthTest(AttributeKinds::guessed({"sensitivity", "department", "project"})) {}
  explicit AuthTest(AttributeKinds kinds)
      : directory_(std::filesystem::temp_directory_path() / new_id("wenyuan_auth_test")),
        database_(must(store::Database::open({.directory = directory_, .reader_count = 4}))),
        identities_(must(Identities::open(*database_))),
        engine_(std::move(kinds)) {}
  ~AuthTest() override {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  template <class Work>
  auto write(Work work) {
    return database_->write(std::move(work));
  }
  template <class Work>
  auto read(Work work) {
    return database_->read(std::move(work));
  }

  std::string user(const std::string& name, Attributes attributes = {},
                   std::vector<std::string> roles = {}) {
    User wanted;
    wanted.username = name;
    wanted.attributes = std::move(attributes);
    wanted.roles = std::move(roles);
    return must(write([&](store::Transaction& tx) {
             return identities_->add_user(tx, wanted, std::nullopt, now_);
           }))
        .id;
  }

  Status change(const std::string& user_id, const UserChange& change) {
    return write([&](store::Transaction& tx) -> Status {
      WY_RETURN_IF_ERROR(identities_->update_user(tx, user_id, change, now_));
      return Done{};
    });
  }

  Principal who(const std::string& user_id) {
    return must(read([&](store::Snapshot& s) { return identities_->principal(s, user_id); }));
  }

  std::string collection(CollectionKind kind, const std::string& owner_id,
                         Attributes attributes = {}) {
    Collection made;
    made.id = new_id("col");
    made.name = "collection";
    made.kind = kind;
    made.owner_id = owner_id;
    made.attributes = std::move(attributes);
    must(write([&](store::Transaction& tx) { return store::add_collection(tx, made); }));
    return made.id;
  }
  std::string organization(const std::string& owner_id, Attributes attributes = {}) {
    return collection(CollectionKind::organization, owner_id, std::move(attributes));
  }
  std::string personal(const std::string& owner_id) {
    return collection(CollectionKind::personal, owner_id);
  }

  std::string document(const std::string& user_id, const std::string& collection_id,
                       Attributes attributes = {}) {
    const Permit may_write = permit(who(user_id), Action::write);
    store::NewDocument wanted;
    wanted.collection_id = collection_id;
    wanted.title = new_id("title");
    wanted.blob_sha256 = sha256_hex(wanted.title);
    wanted.attributes = std::move(attributes);
    wanted.user_id = user_id;
    return must(write([&](store::Transaction& tx) {
             return store::add_document(tx, may_write, wanted, engine_.access_attributes(), now_);
           }))
        .document.id;
  }

  Permit permit(const Principal& principal, Action action) {
    return must(read([&](store::Snapshot& s) { return engine_.permit(s, principal, action); }));
  }

  Decision decision(const std::string& user_id, Action action, const std::string& resource_id) {
    const Principal principal = who(user_id);
    return must(
        read([&](store::Snapshot& s) { return engine_.check(s, principal, action, resource_id); }));
  }

  // Asks both ways, by check() and by what the permit covers, which must agree.
  bool may(const std::string& user_id, Action action, const std::string& resource_id) {
    const bool checked = decision(user_id, action, resource_id).allowed;
    const Permit given = permit(who(user_id), action);
    if (resource_id.starts_with("doc_")) {
      const Document found = must(
          read([&](store::Snapshot& s) { return store::document_for_ingest(s, resource_id); }));
      EXPECT_EQ(given.covers(found.label_id), checked);
    } else if (action != Action::read) {
      EXPECT_EQ(given.covers_collection(resource_id), checked);
    }
    return checked;
  }

  bool sees(const std::string& user_id, const std::string& collection_id) {
    const Principal principal = who(user_id);
    const auto visible =
        must(read([&](store::Snapshot& s) { return engine_.visible_collections(s, principal); }));
    EXPECT_TRUE(std::ranges::is_sorted(visible));
    return std::ranges::binary_search(visible, collection_id);
  }

  std::string policy(const std::string& text) {
    Policy wanted;
    wanted.name = "rule";
    wanted.text = text;
    return must(write([&](store::Transaction& tx) { return engine_.add_policy(tx, wanted, now_); }))
        .id;
  }
  void remove_policy(const std::string& id) {
    must(write([&](store::Transaction& tx) { return engine_.remove_policy(tx, id); }));
  }

  Result<Grant> try_grant(const std::string& principal_id, GrantRole role,
                          const std::string& resource_id) {
    Grant wanted;
    wanted.principal_id = principal_id;
    wanted.role = role;
    wanted.resource_id = resource_id;
    return write([&](store::Transaction& tx) { return engine_.add_grant(tx, wanted, now_); });
  }
  std::string grant(const std::string& principal_id, GrantRole role,
                    const std::string& resource_id) {
    return must(try_grant(principal_id, role, resource_id)).id;
  }
  void revoke(const std::string& grant_id) {
    must(write([&](store::Transaction& tx) { return engine_.remove_grant(tx, grant_id); }));
  }

  std::string group(const std::string& name, const std::vector<std::string>& member_ids) {
    return must(write([&](store::Transaction& tx) -> Result<Group> {
             Group wanted;
             wanted.name = name;
             WY_TRY(Group made, add_group(tx, wanted, now_));
             for (const std::string& id : member_ids) {
               WY_RETURN_IF_ERROR(add_member(tx, made.id, id));
             }
             return made;
           }))
        .id;
  }

  NewKey key(const std::string& user_id, std::vector<std::string> scopes,
             std::optional<UnixMillis> expires_at = std::nullopt) {
    return must(write([&](store::Transaction& tx) {
      return identities_->add_key(tx, user_id, "key", std::move(scopes), expires_at, now_);
    }));
  }
  Result<Principal> by_key(const std::string& text) {
    return read([&](store::Snapshot& s) { return identities_->authenticate_key(s, text, now_); });
  }

  std::filesystem::path directory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Identities> identities_;
  PolicyEngine engine_;
  UnixMillis now_ = 1'700'000'000'000;
};

}  // namespace wenyuan::auth
