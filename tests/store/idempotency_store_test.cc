#include "store/idempotency_store.h"

#include <gtest/gtest.h>

#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

class IdempotencyStoreTest : public ContentFixture {
 protected:
  Status keep(const std::string& user, const std::string& key, UnixMillis at) {
    return write([&](Transaction& tx) {
      return remember(tx, user, key, {.request_hash = "h", .status = 202, .body = "{}"}, at);
    });
  }
  std::optional<Remembered> look(const std::string& user, const std::string& key, UnixMillis at) {
    return *read([&](Snapshot& snapshot) { return find(snapshot, user, key, at); });
  }
};

TEST_F(IdempotencyStoreTest, GivesTheSameUserTheSameAnswerForADay) {
  ASSERT_TRUE(keep("usr_a", "k", 1000));
  const auto found = look("usr_a", "k", 1000 + kIdempotencyTime - 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->request_hash, "h");
  EXPECT_EQ(found->status, 202);
  EXPECT_EQ(found->body, "{}");
  EXPECT_FALSE(look("usr_b", "k", 1000));
  EXPECT_FALSE(look("usr_a", "k", 1000 + kIdempotencyTime));
}

TEST_F(IdempotencyStoreTest, RefusesAKeyInUseAndTakesAnExpiredOneAgain) {
  ASSERT_TRUE(keep("usr_a", "k", 1000));
  EXPECT_EQ(keep("usr_a", "k", 2000).error().code, ErrorCode::conflict);
  EXPECT_TRUE(keep("usr_a", "k", 1000 + kIdempotencyTime));
  EXPECT_EQ(count_of("idempotency_keys"), 1);
}

TEST_F(IdempotencyStoreTest, RefusesKeysWithoutOrWithTooManyCharacters) {
  EXPECT_EQ(keep("usr_a", "", 1).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(keep("usr_a", std::string(256, 'k'), 1).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace wenyuan::store
