#include "api/audit_filter.h"
#include "api/call.h"
#include "api/wire.h"
#include "audit/checkpoint.h"
#include "audit/retention.h"
#include "audit/tree.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

Result<http::Response> list_events(Call& call) {
  const bool personal = call.query_flag("personal", false);
  WY_RETURN_IF_ERROR(require_audit_reader(call, personal));
  audit::Query query = read_audit_filter(call);
  // Newest first; the cursor is the number of the last one seen.
  query.below_number = call.query_integer("cursor", 0, 1, INT64_MAX);
  const auto limit = call.query_integer("limit", 50, 1, 200);
  query.limit = static_cast<int>(limit) + 1;  // one more, to know whether there is a next page
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(auto records, audit::records(snapshot, query));
    std::string next;
    if (records.size() > static_cast<std::size_t>(limit)) {
      records.pop_back();
      next = std::to_string(records.back().number);
    }
    Json list = Json::array();
    for (const audit::Record& record : records) {
      audit::Opened opened;
      if (personal) {
        WY_TRY(opened, call.services.vault->open(snapshot, record));
      }
      list.push_back(audit_json(record, personal ? &opened : nullptr));
    }
    call.note("count", static_cast<std::int64_t>(records.size()));
    call.note("personal", personal);
    Json json;
    json["data"] = std::move(list);
    json["next_cursor"] = text_or_null(next);
    return json_response(200, json);
  });
}

Json to_json(const audit::StoredCheckpoint& stored) {
  Json json;
  json["size"] = stored.checkpoint.size;
  json["root"] = to_base64(stored.checkpoint.root);
  json["time"] = rfc3339(stored.checkpoint.time);
  json["note"] = stored.note;
  return json;
}

Result<http::Response> list_checkpoints(Call& call) {
  WY_RETURN_IF_ERROR(require_audit_reader(call, false));
  const std::int64_t below = call.query_integer("cursor", 0, 1, INT64_MAX);
  const auto limit = call.query_integer("limit", 50, 1, 200);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(auto found, audit::stored_checkpoints(snapshot, below, static_cast<int>(limit) + 1));
    std::string next;
    if (found.size() > static_cast<std::size_t>(limit)) {
      found.pop_back();
      next = std::to_string(found.back().checkpoint.size);
    }
    const audit::Checkpointer& checkpointer = *call.services.checkpointer;
    Json json = list_json(found, next, [](const auto& each) { return to_json(each); });
    json["origin"] = checkpointer.origin();
    json["key"] = checkpointer.key().text(checkpointer.origin());
    return json_response(200, json);
  });
}

Json proof_json(const std::vector<audit::Hash>& proof) {
  Json json = Json::array();
  for (const audit::Hash& each : proof) json.push_back(to_base64(each));
  return json;
}

Result<Json> prove_inclusion(store::Snapshot& snapshot, std::int64_t leaf, std::int64_t size) {
  WY_TRY(const auto proof, audit::inclusion_proof(snapshot, leaf, size));
  WY_TRY(const audit::Hash hash, audit::leaf_at(snapshot, leaf + 1));
  WY_TRY(const audit::Hash root, audit::root_at(snapshot, size));
  Json json;
  json["leaf"] = leaf;
  json["size"] = size;
  json["leaf_hash"] = to_base64(hash);
  json["root"] = to_base64(root);
  json["proof"] = proof_json(proof);
  return json;
}

Result<Json> prove_consistency(store::Snapshot& snapshot, std::int64_t first, std::int64_t second) {
  WY_TRY(const auto proof, audit::consistency_proof(snapshot, first, second));
  WY_TRY(const audit::Hash first_root, audit::root_at(snapshot, first));
  WY_TRY(const audit::Hash second_root, audit::root_at(snapshot, second));
  Json json;
  json["first"] = first;
  json["second"] = second;
  json["first_root"] = to_base64(first_root);
  json["second_root"] = to_base64(second_root);
  json["proof"] = proof_json(proof);
  return json;
}

Result<http::Response> prove(Call& call) {
  WY_RETURN_IF_ERROR(require_audit_reader(call, false));
  const bool inclusion = call.request.query_value("leaf").has_value();
  const bool consistency = call.request.query_value("first").has_value();
  const std::int64_t leaf = call.query_integer("leaf", 0, 0, INT64_MAX - 1);
  const std::int64_t first = call.query_integer("first", 0, 1, INT64_MAX);
  const std::int64_t size = call.query_integer(consistency ? "second" : "size", 0, 1, INT64_MAX);
  if (inclusion == consistency) {
    call.field_errors.push_back({"?leaf", "leaf and size, or first and second, are needed"});
  } else if (size == 0 && call.field_errors.empty()) {
    call.field_errors.push_back({consistency ? "?second" : "?size", "is needed"});
  }
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const Json json, inclusion ? prove_inclusion(snapshot, leaf, size)
                                      : prove_consistency(snapshot, first, size));
    return json_response(200, json);
  });
}

Json to_json(const audit::Hold& hold) {
  Json json;
  json["id"] = hold.id;
  json["subject_id"] = text_or_null(hold.subject_id);
  json["reason"] = hold.reason;
  json["created_by"] = hold.created_by;
  json["created_at"] = rfc3339(hold.created_at);
  return json;
}

Result<http::Response> list_holds(Call& call) {
  WY_RETURN_IF_ERROR(require_audit_reader(call, false));
  WY_TRY(const auto holds,
         call.read([](store::Snapshot& snapshot) { return audit::holds(snapshot); }));
  return json_response(200, list_json(holds, "", [](const auto& each) { return to_json(each); }));
}

Result<http::Response> add_hold(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::audit_hold));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  audit::Hold wanted;
  wanted.subject_id = reader.maybe_text("subject_id", {1, 64}).value_or("");
  wanted.reason = reader.text("reason", {1, 1024});
  wanted.created_by = call.principal.user_id;
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const audit::Hold made, audit::add_hold(tx, wanted, call.now));
    call.note_object(made.subject_id);
    call.note("hold", made.id);
    WY_RETURN_IF_ERROR(call.record(tx, "audit.hold"));
    return json_response(201, to_json(made));
  });
}

Result<http::Response> release_hold(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::audit_hold));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(audit::release_hold(tx, id, call.now));
    call.note("hold", id);
    WY_RETURN_IF_ERROR(call.record(tx, "audit.release"));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/audit/events", .handler = list_events, .action = "audit.read"},
    {.method = "GET",
     .path = "/v1/audit/checkpoints",
     .handler = list_checkpoints,
     .action = "audit.checkpoint.list"},
    {.method = "GET", .path = "/v1/audit/proofs", .handler = prove, .action = "audit.proof.read"},
    {.method = "GET",
     .path = "/v1/audit/export",
     .handler = export_audit,
     .action = "audit.export"},
    {.method = "GET",
     .path = "/v1/audit/holds",
     .handler = list_holds,
     .action = "audit.hold.list"},
    {.method = "POST", .path = "/v1/audit/holds", .handler = add_hold, .body = Body::json},
    {.method = "DELETE", .path = "/v1/audit/holds/{id}", .handler = release_hold},
};

}  // namespace

std::span<const Route> audit_routes() { return kRoutes; }

}  // namespace wenyuan::api
