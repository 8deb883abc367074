// Random policies, entities and requests that meet each other often: few names, and values at the
// edges of their types.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/entities.h"
#include "auth/cedar/request.h"
#include "auth/cedar/value.h"

namespace wenyuan::auth::cedar::testing {

class RandomCedar {
 public:
  explicit RandomCedar(std::uint64_t seed) : random_(seed) {}

  // Policies as text, which parses. Some have errors of type in them, as no schema is asked.
  std::string policies(std::size_t count);
  // Without cycles. Some entities are missing, and so are some of their attributes; some parents
  // are not in the list.
  std::vector<Entity> entities();
  Request request();

  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

 private:
  enum class Type {
    boolean,
    integer,
    text,
    entity,
    integers,  // a set
    entities,
    record,
    decimal,
    ip,
    datetime,
    duration,
  };
  struct Attribute {
    std::string_view name;
    Type type;
  };

  template <class List>
  const auto& one_of(const List& list) {
    return list[below(std::size(list))];
  }

  EntityUid uid();
  Value value(Type type, int depth);
  Record record(double present, int depth);
  Entity entity(const EntityUid& uid);
  std::vector<EntityUid> parents(const EntityUid& uid);
  Type any_type();

  std::string policy();
  std::string head(std::string_view variable);
  std::string expression(Type type, int depth);
  std::string leaf(Type type);
  std::string access(Type type, int depth);
  std::string boolean(int depth);
  std::string logic(int depth);
  std::string about_sets(int depth);
  std::string about_entities(int depth);
  std::string about_extensions(int depth);
  std::string integer(int depth);
  std::string time(Type type, int depth);
  std::string list(Type type, int depth);

  static const Attribute kAttributes[11];

  std::mt19937_64 random_;
};

}  // namespace wenyuan::auth::cedar::testing
