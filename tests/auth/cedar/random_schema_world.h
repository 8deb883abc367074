// Random policies, entities and requests that follow a schema, or nearly do.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "auth/cedar/entities.h"
#include "auth/cedar/request.h"
#include "auth/cedar/schema.h"
#include "auth/cedar/value.h"

namespace wenyuan::auth::cedar::testing {

class RandomSchemaWorld {
 public:
  RandomSchemaWorld(const Schema& schema, unsigned seed);

  // A policy whose expressions mostly have the types that they should have, guarded mostly as they
  // should be.
  std::string policy();

  // All entities that values can name exist, so that only overflow can make evaluation fail.
  std::vector<Entity> entities();
  Request request();

 private:
  struct Path {
    std::string text;
    const Type* type = nullptr;
    std::vector<std::string> guards;
  };

  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool chance(double share) { return std::bernoulli_distribution(share)(random_); }

  void walk(const Path& path, int depth);
  std::string entity_text(const std::string& type);
  std::string path_of(const Type& type);
  std::string expression(const Type& type, int depth);
  std::string boolean(int depth);
  std::string guarded(int depth);
  std::string comparison(int depth);
  std::string membership(int depth);
  std::string tag(int depth);
  std::string extension(const std::string& name);
  const Type& any_type();

  std::string id_of(const EntityTypeSchema& type);
  Value value(const Type& type);
  Record record(const AttributeTypes& attributes);

  const Schema& schema_;
  std::mt19937 random_;
  std::vector<const ActionSchema*> actions_;  // that apply to something
  std::vector<Path> paths_;                   // of the kind of request that a policy is written for
  std::vector<std::string> guards_;           // that the expression being written needs
};

}  // namespace wenyuan::auth::cedar::testing
