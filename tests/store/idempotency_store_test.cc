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

TEST_F(IdempotencyStoreTest, ForgetsAnswersWithTheDocumentsThatTheyName) {
  const std::string gone = "doc_" + std::string(26, 'a');
  const std::string other = "doc_" + std::string(26, 'b');
  const auto keep_body = [&](const std::string& key, const std::string& body) {
    return write([&](Transaction& tx) {
      return remember(tx, "usr_a", key, {.request_hash = "h", .status = 200, .body = body}, 1000);
    });
  };
  ASSERT_TRUE(keep_body("one", R"({"id":")" + gone + R"(","title":"Zanzibar"})"));
  ASSERT_TRUE(keep_body("both", R"([")" + other + R"(",")" + gone + R"("])"));
  ASSERT_TRUE(keep_body("other", R"({"id":")" + other + R"("})"));
  const auto count = write([&](Transaction& tx) { return forget_answers(tx, gone); });
  EXPECT_EQ(*count, 2);
  EXPECT_FALSE(look("usr_a", "one", 1001));
  EXPECT_FALSE(look("usr_a", "both", 1001));
  EXPECT_EQ(look("usr_a", "other", 1001)->body, R"({"id":")" + other + R"("})");
  EXPECT_EQ(count_of("secrets_to_destroy"), 0);
}

}  // namespace
}  // namespace wenyuan::store
