#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

class EffectiveTimes : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_a");
  }

  Document add_version(const std::string& content, std::optional<UnixMillis> from,
                       std::optional<UnixMillis> until = {}) {
    NewDocument wanted = described("col_a", content);
    wanted.external_id = "ext";
    wanted.effective_from = from;
    wanted.effective_until = until;
    auto added = try_add(wanted);
    EXPECT_TRUE(added) << added.error().message;
    return added ? added->document : Document();
  }

  // The version that held; 0 when none did.
  std::int64_t held_at(const std::string& id, UnixMillis time) {
    const Permit open = permit(Action::read, {"col_a"});
    const auto held =
        read([&](Snapshot& snapshot) { return version_at(snapshot, open, id, time); });
    EXPECT_TRUE(held || held.error().code == ErrorCode::not_found);
    return held ? held->version : 0;
  }
};

TEST_F(EffectiveTimes, BeginWithTheUploadAndEndWithTheNext) {
  const std::string id = add_version("one", {}).id;
  const UnixMillis first = now;
  now += 1000;
  add_version("two", {});
  EXPECT_EQ(held_at(id, first - 1), 0);
  EXPECT_EQ(held_at(id, first), 1);
  EXPECT_EQ(held_at(id, now - 1), 1);
  EXPECT_EQ(held_at(id, now), 2);
}

TEST_F(EffectiveTimes, MayBeGiven) {
  const std::string id = add_version("one", 100, 200).id;
  add_version("two", 300);
  add_version("for a while", 350, 360);
  EXPECT_EQ(held_at(id, 99), 0);
  EXPECT_EQ(held_at(id, 100), 1);
  EXPECT_EQ(held_at(id, 199), 1);
  EXPECT_EQ(held_at(id, 200), 0);
  EXPECT_EQ(held_at(id, 300), 2);
  EXPECT_EQ(held_at(id, 355), 3);
  EXPECT_EQ(held_at(id, 360), 2);
}

TEST_F(EffectiveTimes, AreInOrder) {
  NewDocument wanted = described("col_a", "x");
  wanted.effective_from = 5;
  wanted.effective_until = 5;
  EXPECT_EQ(try_add(wanted).error().code, ErrorCode::invalid_argument);
}

TEST_F(EffectiveTimes, TellNothingAboutWhatIsHidden) {
  const std::string id = add_version("one", 100).id;
  add_collection("col_b");
  const Permit other = permit(Action::read, {"col_b"});
  const auto hidden =
      read([&](Snapshot& snapshot) { return version_at(snapshot, other, id, 150); });
  const Permit own = permit(Action::read, {"col_a"});
  const auto before = read([&](Snapshot& snapshot) { return version_at(snapshot, own, id, 50); });
  EXPECT_EQ(hidden.error().message, before.error().message);
}

}  // namespace
}  // namespace wenyuan::store
