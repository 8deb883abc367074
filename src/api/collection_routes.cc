#include <algorithm>

#include "api/access.h"
#include "api/call.h"
#include "api/once.h"
#include "api/receipts.h"
#include "api/wire.h"
#include "base/id.h"
#include "store/version_retention.h"

namespace wenyuan::api {
namespace {

constexpr TextLimits kName{1, 512};

// What the caller may do with each collection, as one snapshot has it.
struct Rights {
  Permit write, manage;
};

Result<Rights> rights(Call& call, store::Snapshot& snapshot) {
  WY_TRY(Permit write, call.permit(snapshot, Action::write));
  WY_TRY(Permit manage, call.permit(snapshot, Action::manage));
  return Rights{std::move(write), std::move(manage)};
}

constexpr std::int64_t kDay = 86'400'000;  // milliseconds
constexpr std::int64_t kKeptMax = 1'000'000;
constexpr std::int64_t kDaysMax = 36'500;

// {"kept", "days"}, either null for no limit.
Json retention_json(const store::VersionRetention& retention) {
  Json json;
  json["kept"] = retention.kept ? Json(*retention.kept) : Json(nullptr);
  json["days"] = retention.kept_for ? Json(*retention.kept_for / kDay) : Json(nullptr);
  return json;
}

std::optional<store::VersionRetention> read_retention(ObjectReader& reader) {
  auto object = reader.maybe_object("versions");
  if (!object) return std::nullopt;
  store::VersionRetention retention;
  retention.kept = object->maybe_integer("kept", 0, kKeptMax);
  retention.kept_for = object->maybe_integer("days", 0, kDaysMax);
  if (retention.kept_for) *retention.kept_for *= kDay;
  return retention;
}

void note_retention(Call& call, const store::VersionRetention& retention) {
  call.note("versions", to_text(retention_json(retention)));
}

Result<Json> with_rights(store::Snapshot& snapshot, const Collection& collection,
                         const Rights& held) {
  Json json = to_json(collection);
  WY_TRY(const store::VersionRetention retention,
         store::version_retention(snapshot, collection.id));
  json["versions"] = retention_json(retention);
  json["permissions"] = {"read"};
  if (held.write.covers_collection(collection.id)) json["permissions"].push_back("write");
  if (held.manage.covers_collection(collection.id)) json["permissions"].push_back("manage");
  return json;
}

Result<http::Response> list_collections(Call& call) {
  const store::Page page = call.page();
  const std::string kind_text = call.query_text("kind");
  const auto kind = collection_kind(kind_text);
  if (!kind_text.empty() && !kind) {
    call.field_errors.push_back({"?kind", "must be personal or organization"});
  }
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto ids, call.services.policies->visible_collections(snapshot, call.principal));
    WY_TRY(const Rights held, rights(call, snapshot));
    Json json;
    json["data"] = Json::array();
    std::string next;
    // Ids are random and sorted, so the last one seen is a cursor that tells nothing.
    for (auto id = std::ranges::upper_bound(ids, page.cursor); id != ids.end(); ++id) {
      WY_TRY(const Collection collection, store::collection(snapshot, *id));
      if (kind && collection.kind != *kind) continue;
      if (json["data"].size() == static_cast<std::size_t>(page.limit)) {
        next = json["data"].back()["id"];
        break;
      }
      WY_TRY(Json one, with_rights(snapshot, collection, held));
      json["data"].push_back(std::move(one));
    }
    json["next_cursor"] = text_or_null(next);
    call.note("count", static_cast<std::int64_t>(json["data"].size()));
    return json_response(200, json);
  });
}

Result<http::Response> add_collection(Call& call) {
  if (!call.principal.has_scope("admin")) {
    WY_RETURN_IF_ERROR(call.require_scopes({"documents:write"}));
  }
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  Collection collection;
  collection.name = reader.text("name", kName);
  const std::string kind = reader.maybe_text("kind", {1, 32}).value_or("personal");
  collection.attributes = reader.maybe_attributes("attributes").value_or(Attributes());
  call.check_attributes(auth::AttributeOwner::resource, collection.attributes);
  const auto retention = read_retention(reader);
  reader.refuse("taxonomy", "is not supported by this version");
  if (const auto known = collection_kind(kind)) {
    collection.kind = *known;
  } else {
    reader.complain("kind", "must be personal or organization");
  }
  WY_RETURN_IF_ERROR(status(call.field_errors));
  // Its attributes decide who is shown its content by policies, so not everybody may set them.
  if (collection.kind == CollectionKind::organization) {
    WY_RETURN_IF_ERROR(call.require(auth::Duty::collections_manage));
  }
  collection.id = new_id("col");
  collection.owner_id = call.principal.user_id;
  collection.created_at = collection.updated_at = call.now;
  return write_once(call, call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(store::add_collection(tx, collection));
    WY_TRY(const Rights held, rights(call, tx));
    if (retention) {
      WY_RETURN_IF_ERROR(store::set_version_retention(tx, held.manage, collection.id, *retention));
      note_retention(call, *retention);
    }
    call.note_object(collection.id);
    WY_RETURN_IF_ERROR(call.record(tx, "collection.add"));
    WY_TRY(const Json json, with_rights(tx, collection, held));
    http::Response response = json_response(201, json);
    response.headers.set("Location", "/v1/collections/" + collection.id);
    return response;
  });
}

Result<http::Response> get_collection(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const Collection collection, visible_collection(call, snapshot, id));
    WY_TRY(const Rights held, rights(call, snapshot));
    WY_TRY(const Json json, with_rights(snapshot, collection, held));
    return tagged_response(call, json);
  });
}

Result<http::Response> change_collection(Call& call) {
  const std::string& id = call.request.parameter("id");
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const auto new_name = reader.maybe_text("name", kName);
  const auto new_attributes = reader.maybe_attributes("attributes");
  call.check_attributes(auth::AttributeOwner::resource, new_attributes);
  const auto retention = read_retention(reader);
  reader.refuse("kind", "cannot be changed");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(Permit permit, call.permit(tx, Action::manage));
    WY_RETURN_IF_ERROR(require_collection(call, tx, permit, id));
    WY_TRY(Collection collection, store::collection(tx, id));
    WY_TRY(const Rights before, rights(call, tx));
    WY_TRY(const Json known, with_rights(tx, collection, before));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(known))));
    if (retention) {
      WY_RETURN_IF_ERROR(store::set_version_retention(tx, permit, id, *retention));
      note_retention(call, *retention);
    }
    if (new_attributes && collection.kind == CollectionKind::organization) {
      WY_RETURN_IF_ERROR(call.require(auth::Duty::collections_manage));
    }
    collection.name = new_name.value_or(collection.name);
    collection.attributes = new_attributes.value_or(collection.attributes);
    collection.updated_at = call.now;
    WY_RETURN_IF_ERROR(store::update_collection(tx, permit, collection,
                                                call.services.policies->access_attributes()));
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "collection.change"));
    WY_TRY(const Rights after, rights(call, tx));
    WY_TRY(const Json json, with_rights(tx, collection, after));
    return tagged_response(call, json);
  });
}

Result<http::Response> remove_collection(Call& call) {
  const std::string& id = call.request.parameter("id");
  const std::string receipt_id = new_id("rct");
  std::vector<store::Erased> erased;
  GivenReceipt receipt;
  const Status done = call.write([&](store::Transaction& tx) -> Status {
    WY_TRY(const Permit permit, call.permit(tx, Action::manage));
    WY_RETURN_IF_ERROR(require_collection(call, tx, permit, id));
    WY_TRY(const Collection collection, store::collection(tx, id));
    WY_TRY(const Rights held, rights(call, tx));
    WY_TRY(const Json known, with_rights(tx, collection, held));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(known))));
    WY_TRY(const Permit reading, call.permit(tx, Action::read));
    WY_TRY(erased, store::remove_collection(tx, permit, id));
    call.note_object(id);
    call.note("receipt", receipt_id);
    call.note("documents", static_cast<std::int64_t>(erased.size()));
    WY_RETURN_IF_ERROR(call.record(tx, "collection.erase"));
    WY_TRY(receipt, keep_receipts(call, tx, {id, erased, reading}, receipt_id));
    return Done{};
  });
  if (!done && !is_kept(call, receipt_id)) return done.error();
  std::vector<std::string> blobs;
  for (const store::Erased& one : erased) {
    blobs.insert(blobs.end(), one.unnamed_blobs.begin(), one.unnamed_blobs.end());
  }
  remove_files(call, blobs);
  return json_response(200, to_json(receipt));
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/collections",
     .handler = list_collections,
     .action = "collection.list"},
    {.method = "POST", .path = "/v1/collections", .handler = add_collection, .body = Body::json},
    {.method = "GET",
     .path = "/v1/collections/{id}",
     .handler = get_collection,
     .action = "collection.read"},
    {.method = "PATCH",
     .path = "/v1/collections/{id}",
     .handler = change_collection,
     .body = Body::json},
    {.method = "DELETE", .path = "/v1/collections/{id}", .handler = remove_collection},
};

}  // namespace

std::span<const Route> collection_routes() { return kRoutes; }

}  // namespace wenyuan::api
