#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "auth/cedar/type.h"

namespace wenyuan::auth::cedar {
namespace {

class RandomTypes {
 public:
  const Type* make(int depth) {
    switch (below(depth > 0 ? 9 : 7)) {
      case 0: return singleton(true);
      case 1: return singleton(false);
      case 2: return primitive(TypeKind::boolean);
      case 3: return primitive(TypeKind::integer);
      case 4: return below(2) == 0 ? extension_type("decimal") : extension_type("ipaddr");
      case 5: return table.entity("A");
      case 6: return table.entity("B");
      case 7: return table.set(make(depth - 1));
      default: break;
    }
    AttributeTypes attributes;
    for (const char* name : {"a", "b"}) {
      if (below(3) > 0) attributes.emplace(name, AttributeType{make(depth - 1), below(3) > 0});
    }
    return table.record(std::move(attributes));
  }
  std::size_t below(std::size_t count) { return random() % count; }

  TypeTable table;
  std::mt19937 random{42};
};

TEST(ValidatorType, TheUpperBoundIsAboveBothAndBelowAllThatAre) {
  RandomTypes random;
  std::vector<const Type*> types;
  for (int i = 0; i < 250; ++i) types.push_back(random.make(2));
  std::size_t bounds = 0;
  for (const Type* left : types) {
    EXPECT_TRUE(is_subtype(*left, *left));
    for (const Type* right : types) {
      const Type* bound = upper_bound(*left, *right, random.table).type;
      const Type* other = upper_bound(*right, *left, random.table).type;
      ASSERT_EQ(bound == nullptr, other == nullptr) << describe(*left) << " " << describe(*right);
      if (is_subtype(*left, *right)) {
        ASSERT_NE(bound, nullptr);
        EXPECT_TRUE(is_subtype(*bound, *right) && is_subtype(*right, *bound));
      }
      if (bound == nullptr) {
        for (const Type* above : types) {
          EXPECT_FALSE(is_subtype(*left, *above) && is_subtype(*right, *above));
        }
        continue;
      }
      ++bounds;
      EXPECT_EQ(describe(*bound), describe(*other));
      EXPECT_TRUE(is_subtype(*left, *bound) && is_subtype(*right, *bound));
      for (const Type* above : types) {
        if (is_subtype(*left, *above) && is_subtype(*right, *above)) {
          EXPECT_TRUE(is_subtype(*bound, *above));
        }
      }
    }
  }
  EXPECT_GT(bounds, 3000u);
}

TEST(ValidatorType, IsWrittenAsInASchema) {
  TypeTable table;
  const Type* record = table.record({{"a", {table.set(primitive(TypeKind::integer)), false}},
                                     {"b", {table.entity("Ns::User"), true}}});
  EXPECT_EQ(describe(*record), "{a?: Set<Long>, b: Ns::User}");
  EXPECT_EQ(record->size, 4u);
  EXPECT_EQ(record->depth, 3u);
  EXPECT_EQ(extension_type("uuid"), nullptr);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
