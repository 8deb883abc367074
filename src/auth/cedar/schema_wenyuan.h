// Wenyuan's own schema: which users, documents and actions Cedar policies here speak about.
//
// The text is made from the configuration, because the owner decides which attributes access may
// depend on; schema/cedar/wenyuan.cedarschema is the text for the attributes of a new installation.
//
// A label becomes the entity that stands for `resource`:
//
//   Label::collection_id      a parent, Collection::"col_…"
//   Label::collection_kind    resource.kind, "personal" or "organization"
//   Label::owner_id           resource.owner, User::"usr_…"
//   Label::attributes         resource.department, … : each is optional, so `resource has
//                             department &&` comes before it
//   Label::document_id        nothing: see below
//
// It is a Document, or for an action on a collection as a whole a Collection. All documents of a
// label are decided together, so a policy cannot name one: Document::"…" has no place in it (see
// names_a_document()), while Collection::"…", User::"…" and Group::"…" do. Access to a single
// document is given by a grant.
//
// Levels have an order: unless an owner declares others, public, internal, confidential and secret
// are the numbers 0 to 3 here, so that `principal.clearance >= resource.sensitivity` can be asked.
//
// The context holds the circumstances of the request. Policies on it are settled before any label
// is looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/entities.h"
#include "auth/cedar/extension_value.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/content_store.h"

namespace wenyuan::auth::cedar {

// A level is a text that has a place in an order; a time is given as a text, such as 2026-01-31 or
// 2026-01-31T12:00:00Z.
enum class AttributeKind { boolean, integer, text, texts, level, time };

struct DeclaredAttribute {
  std::string name;
  AttributeKind kind = AttributeKind::text;
  // Of a level, the lowest first; none: public, internal, confidential, secret.
  std::vector<std::string> levels{};
};

// What policies see of it; invalid_argument when it is not of the declared kind.
Result<Value> attribute_value(const DeclaredAttribute& attribute, const AttributeValue& value);

struct SchemaAttributes {
  std::vector<DeclaredAttribute> user{};
  std::vector<DeclaredAttribute> resource{};
};

// For the names that access depends on: `sensitivity` and `clearance` are levels, all others
// texts. Users have the same attributes, and a clearance where documents have a sensitivity.
SchemaAttributes usual_attributes(const store::AccessAttributes& access);

// The schema in Cedar's syntax. invalid_argument for a name that is declared twice, that is one of
// Wenyuan's own, or that is not one that attributes can have.
Result<std::string> schema_text(const SchemaAttributes& attributes);

// `read` is Action::"read", and so on.
EntityUid action_uid(Action action);
EntityUid user_uid(const std::string& user_id);

// The entities that a decision looks at. invalid_argument names the attribute whose value is not of
// its declared kind; one that is not declared is left out.
Result<Entity> user_entity(const Principal& principal, const SchemaAttributes& attributes);
Result<Entity> resource_entity(const Label& label, const SchemaAttributes& attributes);
Result<Entity> collection_entity(const Collection& collection, const SchemaAttributes& attributes);

struct Circumstances {
  UnixMillis now = 0;
  std::optional<IpAddress> address{};  // nothing when the request came by no network
  bool second_factor = false;          // one was shown for this session
  std::string credential = "session";  // see credential_kind()
};
Record context_record(const Circumstances& circumstances);

// Whether the policy names a single document, which no label could answer.
bool names_a_document(const Policy& policy);

}  // namespace wenyuan::auth::cedar
