// Expressions as parts of a JSON document, in Cedar's JSON policy format.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/parser.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

nlohmann::json json_of(const Expression& expression);

// Keeps to the limits on depth and nodes; nodes are counted over all that one reader reads.
class ExpressionReader {
 public:
  explicit ExpressionReader(const ParseOptions& options) : options_(options) {}

  Result<Expression> read(const nlohmann::json& document);

 private:
  using Operands = Result<std::vector<Expression>>;

  Result<Expression> read_at(const nlohmann::json& document, std::size_t depth);
  Result<Expression> named(std::string_view name, const nlohmann::json& inside, std::size_t depth);
  Result<Expression> chain(ExpressionKind kind, const nlohmann::json& inside, std::size_t depth);
  Result<Expression> with_left(ExpressionKind kind, const nlohmann::json& inside,
                               std::size_t depth);
  Result<Expression> is(const nlohmann::json& inside, std::size_t depth);
  Result<Expression> record(const nlohmann::json& inside, std::size_t depth);
  Result<Expression> call(std::string_view name, const nlohmann::json& inside, std::size_t depth);
  Result<Expression> value(const nlohmann::json& inside, std::size_t depth);
  Result<Expression> extension_value(const nlohmann::json& called, std::size_t depth);
  Operands members(const nlohmann::json& inside, std::initializer_list<std::string_view> names,
                   std::size_t depth);
  Operands elements(const nlohmann::json& inside, std::size_t depth);
  Result<Expression> node(ExpressionKind kind, std::vector<Expression> operands,
                          Expression::Payload payload = {});

  const ParseOptions& options_;
  std::size_t node_count_ = 0;
};

}  // namespace wenyuan::auth::cedar
