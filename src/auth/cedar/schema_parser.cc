#include <set>
#include <utility>

#include "auth/cedar/name.h"
#include "auth/cedar/schema_fragment.h"
#include "auth/cedar/schema_lexer.h"
#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::string_view kCedarNamespace = "__cedar";

std::string shown(const SchemaToken& token) {
  constexpr std::size_t kShownMax = 32;
  if (token.kind == SchemaTokenKind::end) return "the end";
  const bool cut = token.text.size() > kShownMax;
  std::string text = cut ? to_valid_utf8(token.text.substr(0, kShownMax)).append("…") : token.text;
  if (token.kind == SchemaTokenKind::string) return "the string " + json_quoted(text);
  return text.insert(0, 1, '`').append(1, '`');
}

// One function for each rule of the grammar. Only type() calls itself, and counts how deep.
class Parser {
 public:
  explicit Parser(std::vector<SchemaToken> tokens) : tokens_(std::move(tokens)) {}

  Result<SchemaFragment> schema() {
    SchemaFragment fragment(1);  // the empty namespace may stand in several pieces
    while (peek().kind != SchemaTokenKind::end) {
      WY_RETURN_IF_ERROR(annotations());
      if (!peek_word("namespace")) {
        WY_RETURN_IF_ERROR(declaration(fragment.front()));
        continue;
      }
      NamespaceDeclaration& made = fragment.emplace_back();
      WY_RETURN_IF_ERROR(named_namespace(made));
    }
    return fragment;
  }

 private:
  const SchemaToken& peek() const { return tokens_[at_]; }
  const SchemaToken& take() {
    const SchemaToken& token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool peek_sign(std::string_view sign) const {
    return peek().kind == SchemaTokenKind::sign && peek().text == sign;
  }
  bool peek_word(std::string_view word) const {
    return peek().kind == SchemaTokenKind::word && peek().text == word;
  }
  bool accept_sign(std::string_view sign) {
    if (!peek_sign(sign)) return false;
    take();
    return true;
  }
  bool accept_word(std::string_view word) {
    if (!peek_word(word)) return false;
    take();
    return true;
  }
  Error expected(std::string_view what) const {
    std::string message = "expected ";
    message.append(what).append(", found ").append(shown(peek()));
    return schema_error(peek().place(), message);
  }
  Status expect_sign(std::string_view sign) {
    if (accept_sign(sign)) return Done{};
    std::string quoted = "`";
    return expected(quoted.append(sign).append("`"));
  }

  // '@' name [ '(' string ')' ], any number of them, each name once.
  Status annotations() {
    std::set<std::string, std::less<>> names;
    while (accept_sign("@")) {
      if (peek().kind != SchemaTokenKind::word) return expected("the name of an annotation");
      const SchemaToken& name = take();
      if (!names.insert(name.text).second) {
        return schema_error(name.place(), "the annotation @" + name.text + " stands here twice");
      }
      if (!accept_sign("(")) continue;
      if (peek().kind != SchemaTokenKind::string) return expected("a string");
      take();
      WY_RETURN_IF_ERROR(expect_sign(")"));
    }
    return Done{};
  }

  Status named_namespace(NamespaceDeclaration& made) {
    take();
    made.place = peek().place();
    WY_TRY(NameReference name, path());
    for (const std::string_view part : parts(name.name)) {
      if (part == kCedarNamespace) {
        return schema_error(name.place, "`__cedar` is reserved and cannot be a namespace");
      }
    }
    made.name = std::move(name.name);
    WY_RETURN_IF_ERROR(expect_sign("{"));
    while (!accept_sign("}")) {
      WY_RETURN_IF_ERROR(annotations());
      WY_RETURN_IF_ERROR(declaration(made));
    }
    return Done{};
  }

  static std::vector<std::string_view> parts(std::string_view path) {
    std::vector<std::string_view> found;
    for (std::size_t from = 0;;) {
      const std::size_t to = path.find("::", from);
      found.push_back(path.substr(from, to - from));
      if (to == std::string_view::npos) return found;
      from = to + 2;
    }
  }

  Status declaration(NamespaceDeclaration& made) {
    if (++declaration_count_ > kSchemaDeclarationMax) {
      return Error{
          ErrorCode::too_large,
          "a schema may have at most " + std::to_string(kSchemaDeclarationMax) + " declarations"};
    }
    if (accept_word("entity")) return entity(made);
    if (accept_word("action")) return action(made);
    if (accept_word("type")) return common_type(made);
    return expected("`entity`, `action`, `type` or `namespace`");
  }

  // A word that is not one of Cedar's expressions.
  Result<NameReference> identifier(std::string_view what) {
    const SchemaToken& token = peek();
    if (token.kind != SchemaTokenKind::word) return expected(what);
    if (is_reserved(token.text) && token.text != kCedarNamespace) {
      return schema_error(token.place(), "`" + token.text + "` is reserved and cannot be a name");
    }
    take();
    return NameReference{token.text, token.place()};
  }

  // The same for what is declared, where __cedar is not possible either.
  Result<NameReference> new_name(std::string_view what) {
    WY_TRY(NameReference name, identifier(what));
    if (name.name == kCedarNamespace) {
      return schema_error(name.place, "`__cedar` is reserved and cannot be a name");
    }
    return name;
  }

  Result<NameReference> identifier_or_string(std::string_view what) {
    if (peek().kind != SchemaTokenKind::string) return identifier(what);
    const SchemaToken& token = take();
    return NameReference{token.text, token.place()};
  }

  Result<NameReference> path() {
    WY_TRY(NameReference name, identifier("the name of a type"));
    while (accept_sign("::")) {
      WY_TRY(const NameReference part, identifier("a name after `::`"));
      name.name.append("::").append(part.name);
    }
    return name;
  }

  // path | '[' [ path { ',' path } ] ']'
  Result<std::vector<NameReference>> entity_types() {
    std::vector<NameReference> types;
    if (!accept_sign("[")) {
      WY_TRY(NameReference only, path());
      types.push_back(std::move(only));
      return types;
    }
    if (accept_sign("]")) return types;
    do {
      WY_TRY(NameReference next, path());
      types.push_back(std::move(next));
    } while (accept_sign(","));
    WY_RETURN_IF_ERROR(expect_sign("]"));
    return types;
  }

  Status entity(NamespaceDeclaration& made) {
    EntityDeclaration entity;
    do {
      WY_TRY(NameReference name, new_name("the name of an entity type"));
      entity.names.push_back(std::move(name));
    } while (accept_sign(","));
    entity.shape.place = peek().place();
    if (accept_word("enum")) {
      WY_RETURN_IF_ERROR(choices(entity.choices));
    } else {
      if (accept_word("in")) {
        WY_TRY(entity.parents, entity_types());
      }
      entity.shape.place = peek().place();
      const bool equals = accept_sign("=");
      if (peek_sign("{")) {
        WY_TRY(entity.shape, type(1));
      } else if (equals) {
        return expected("`{` and the attributes");
      }
      if (accept_word("tags")) {
        WY_TRY(entity.tags, type(1));
      }
    }
    if (!accept_sign(";")) return expected("`;` at the end of the entity type");
    made.entities.push_back(std::move(entity));
    return Done{};
  }

  Status choices(std::vector<std::string>& ids) {
    WY_RETURN_IF_ERROR(expect_sign("["));
    do {
      if (peek().kind != SchemaTokenKind::string) return expected("a string");
      ids.push_back(take().text);
    } while (accept_sign(","));
    return expect_sign("]");
  }

  Status action(NamespaceDeclaration& made) {
    ActionDeclaration action;
    do {
      WY_TRY(NameReference name, identifier_or_string("the name of an action"));
      action.names.push_back(std::move(name));
    } while (accept_sign(","));
    action.context.place = action.names.front().place;
    if (accept_word("in")) WY_RETURN_IF_ERROR(action_parents(action.parents));
    if (accept_word("appliesTo")) WY_RETURN_IF_ERROR(applies_to(action));
    if (accept_word("attributes")) {
      WY_RETURN_IF_ERROR(expect_sign("{"));
      if (!accept_sign("}")) return expected("`}`: actions have no attributes");
    }
    if (!accept_sign(";")) return expected("`;` at the end of the action");
    made.actions.push_back(std::move(action));
    return Done{};
  }

  Status action_parents(std::vector<ActionReference>& parents) {
    const bool list = accept_sign("[");
    do {
      WY_TRY(ActionReference parent, action_reference());
      parents.push_back(std::move(parent));
    } while (list && accept_sign(","));
    return list ? expect_sign("]") : Status(Done{});
  }

  // name | string | path '::' string
  Result<ActionReference> action_reference() {
    ActionReference reference;
    reference.place = peek().place();
    WY_TRY(NameReference first, identifier_or_string("the name of an action"));
    reference.id = std::move(first.name);
    while (accept_sign("::")) {
      if (!reference.type.empty()) reference.type.append("::");
      reference.type.append(reference.id);
      if (peek().kind == SchemaTokenKind::string) {
        reference.id = take().text;
        return reference;
      }
      WY_TRY(NameReference next, identifier("a name or a string after `::`"));
      reference.id = std::move(next.name);
    }
    if (!reference.type.empty()) return expected("`::` and the action's id as a string");
    return reference;
  }

  Status applies_to(ActionDeclaration& action) {
    WY_RETURN_IF_ERROR(expect_sign("{"));
    bool has_context = false;
    do {
      const SchemaToken& word = peek();
      if (accept_word("context")) {
        if (std::exchange(has_context, true)) return twice(word);
        WY_RETURN_IF_ERROR(context(action));
      } else if (accept_word("principal")) {
        WY_RETURN_IF_ERROR(applicable(word, action.principals));
      } else if (accept_word("resource")) {
        WY_RETURN_IF_ERROR(applicable(word, action.resources));
      } else {
        return expected("`principal`, `resource` or `context`");
      }
    } while (accept_sign(",") && !peek_sign("}"));
    if (!accept_sign("}")) return expected("`,` or `}`");
    const SchemaPlace& place = action.names.front().place;
    if (action.principals.empty()) {
      return schema_error(place, "`appliesTo` needs the types of the principal");
    }
    if (action.resources.empty()) {
      return schema_error(place, "`appliesTo` needs the types of the resource");
    }
    return Done{};
  }

  static Error twice(const SchemaToken& word) {
    return schema_error(word.place(), "`" + word.text + "` stands here twice");
  }

  Status applicable(const SchemaToken& word, std::vector<NameReference>& types) {
    if (!types.empty()) return twice(word);
    WY_RETURN_IF_ERROR(expect_sign(":"));
    WY_TRY(types, entity_types());
    if (!types.empty()) return Done{};
    return schema_error(word.place(), "`" + word.text +
                                          ": []` lets the action apply to nothing; leave "
                                          "`appliesTo` away instead");
  }

  Status context(ActionDeclaration& action) {
    WY_RETURN_IF_ERROR(expect_sign(":"));
    if (peek_sign("{")) {
      WY_TRY(action.context, type(1));
      return Done{};
    }
    action.context.place = peek().place();
    action.context.kind = TypeDeclaration::Kind::common;
    WY_TRY(NameReference name, path());
    action.context.name = std::move(name.name);
    return Done{};
  }

  Status common_type(NamespaceDeclaration& made) {
    CommonTypeDeclaration common;
    WY_TRY(common.name, new_name("the name of a type"));
    WY_RETURN_IF_ERROR(expect_sign("="));
    WY_TRY(common.type, type(1));
    if (!accept_sign(";")) return expected("`;` at the end of the type");
    made.common_types.push_back(std::move(common));
    return Done{};
  }

  // path | 'Set' '<' type '>' | '{' [ attribute { ',' attribute } [ ',' ] ] '}'
  Result<TypeDeclaration> type(std::size_t depth) {
    TypeDeclaration made;
    made.place = peek().place();
    if (depth > kSchemaDepthMax) {
      return schema_error(made.place, "types may be at most " + std::to_string(kSchemaDepthMax) +
                                          " deep in each other");
    }
    if (peek_sign("{")) {
      WY_RETURN_IF_ERROR(record(made, depth));
      return made;
    }
    if (peek_word("Set") && tokens_[at_ + 1].kind == SchemaTokenKind::sign &&
        tokens_[at_ + 1].text == "<") {
      take();
      take();
      made.kind = TypeDeclaration::Kind::set;
      WY_TRY(TypeDeclaration element, type(depth + 1));
      made.element.push_back(std::move(element));
      WY_RETURN_IF_ERROR(expect_sign(">"));
      return made;
    }
    if (peek().kind != SchemaTokenKind::word) {
      return expected("a type: a name, `Set<…>` or `{…}`");
    }
    made.kind = TypeDeclaration::Kind::entity_or_common;
    WY_TRY(NameReference name, path());
    made.name = std::move(name.name);
    return made;
  }

  Status record(TypeDeclaration& made, std::size_t depth) {
    take();
    made.kind = TypeDeclaration::Kind::record;
    while (!peek_sign("}")) {
      WY_RETURN_IF_ERROR(annotations());
      AttributeDeclaration attribute;
      WY_TRY(NameReference name, identifier_or_string("the name of an attribute or `}`"));
      attribute.name = std::move(name.name);
      attribute.required = !accept_sign("?");
      WY_RETURN_IF_ERROR(expect_sign(":"));
      WY_TRY(attribute.type, type(depth + 1));
      made.attributes.push_back(std::move(attribute));
      if (!accept_sign(",")) break;
    }
    if (!accept_sign("}")) return expected("`,` or `}`");
    return Done{};
  }

  std::vector<SchemaToken> tokens_;
  std::size_t at_ = 0;
  std::size_t declaration_count_ = 0;
};

}  // namespace

Result<SchemaFragment> parse_schema_text(std::string_view text) {
  WY_TRY(std::vector<SchemaToken> tokens, schema_tokens(text));
  return Parser(std::move(tokens)).schema();
}

}  // namespace wenyuan::auth::cedar
