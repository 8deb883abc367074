#include "auth/identity/quotas.h"

#include <gtest/gtest.h>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

class QuotasTest : public AuthTest {
 protected:
  void limit(const std::string& subject, const Quota& wanted) {
    must(write([&](store::Transaction& tx) { return set_quota(tx, subject, wanted); }));
  }
  Quota limits(const std::string& subject) {
    return must(read([&](store::Snapshot& s) { return quota(s, subject); }));
  }
  Usage used(const std::string& subject) {
    return must(read([&](store::Snapshot& s) { return usage(s, subject, now_); }));
  }
  bool has_room(const std::string& collection_id) {
    const Status checked =
        read([&](store::Snapshot& s) { return check_storage(s, collection_id); });
    EXPECT_TRUE(checked || checked.error().code == ErrorCode::too_large);
    return checked.has_value();
  }
  bool may_ask(const std::string& user_id) {
    const Status counted =
        write([&](store::Transaction& tx) { return count_question(tx, user_id, now_); });
    EXPECT_TRUE(counted || counted.error().code == ErrorCode::rate_limited);
    return counted.has_value();
  }

  const std::string ann_ = user("ann");
  const std::string collection_ = organization(ann_);
};

TEST_F(QuotasTest, LimitNothingUntilTheyAreSet) {
  document(ann_, collection_);
  EXPECT_EQ(limits(ann_), Quota{});
  EXPECT_TRUE(has_room(collection_));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(may_ask(ann_));
  EXPECT_EQ(used(ann_).documents, 1);
  EXPECT_EQ(used(collection_).documents, 1);
  EXPECT_FALSE(
      write([&](store::Transaction& tx) { return set_quota(tx, ann_, {.documents = -1}); }));
}

TEST_F(QuotasTest, CountWhatACollectionHolds) {
  limit(collection_, {.documents = 2});
  document(ann_, collection_);
  document(ann_, collection_);
  EXPECT_TRUE(has_room(collection_));
  document(ann_, collection_);
  EXPECT_FALSE(has_room(collection_));
  EXPECT_TRUE(has_room(organization(ann_)));
  limit(collection_, {});
  EXPECT_TRUE(has_room(collection_));
}

TEST_F(QuotasTest, CountWhatAnOwnersCollectionsHoldTogether) {
  limit(std::string(kEveryUser), {.documents = 1});
  const std::string other = personal(ann_);
  document(ann_, collection_);
  EXPECT_TRUE(has_room(collection_));
  document(ann_, other);
  EXPECT_FALSE(has_room(collection_));
  EXPECT_FALSE(has_room(other));
  limit(ann_, {.documents = 5});
  EXPECT_TRUE(has_room(other)) << "one's own quota is instead of everybody's";
}

TEST_F(QuotasTest, CountTokensByTheDayAndLetTheLastAnswerGoOver) {
  const auto charge = [&](const std::string& subject, std::int64_t tokens) {
    must(write([&](store::Transaction& tx) { return charge_tokens(tx, subject, tokens, now_); }));
  };
  charge(ann_, 1'000'000);
  EXPECT_EQ(used(ann_).tokens_today, 0) << "not counted where nothing is limited";
  limit(ann_, {.tokens_per_day = 100});
  EXPECT_TRUE(may_ask(ann_));
  charge(ann_, 99);
  EXPECT_TRUE(may_ask(ann_));
  charge(ann_, 50);
  EXPECT_EQ(used(ann_).tokens_today, 149);
  EXPECT_FALSE(may_ask(ann_));
  now_ += until_tomorrow(now_);
  EXPECT_TRUE(may_ask(ann_));
  EXPECT_FALSE(
      write([&](store::Transaction& tx) { return set_quota(tx, ann_, {.tokens_per_day = -1}); }));
}

TEST_F(QuotasTest, KnowWhichCollectionsQuestionsAreLimitedTo) {
  const std::string other = organization(ann_), third = organization(ann_);
  limit(collection_, {.questions_per_day = 1});
  limit(other, {.tokens_per_day = 1});
  limit(third, {.documents = 1});
  const auto limited = must(read([&](store::Snapshot& s) {
    return limited_collections(s, {third, other, "col_none"});
  }));
  EXPECT_EQ(limited, std::vector<std::string>{other});
  EXPECT_TRUE(may_ask(collection_));
  EXPECT_FALSE(may_ask(collection_));
  EXPECT_TRUE(may_ask(ann_)) << "a collection's day is not its owner's";
}

TEST_F(QuotasTest, CountQuestionsByTheDay) {
  limit(ann_, {.questions_per_day = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(may_ask(ann_));
  EXPECT_FALSE(may_ask(ann_));
  EXPECT_EQ(used(ann_).questions_today, 3) << "what was refused is undone";
  EXPECT_TRUE(may_ask(user("bob")));
  now_ += until_tomorrow(now_) - 1;
  EXPECT_FALSE(may_ask(ann_));
  now_ += 1;
  EXPECT_TRUE(may_ask(ann_));
  EXPECT_EQ(used(ann_).questions_today, 1);
}

}  // namespace
}  // namespace wenyuan::auth
