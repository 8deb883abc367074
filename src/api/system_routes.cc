// How the server is: for supervisors, monitoring, and people who write clients.
#include "api/call.h"
#include "api/embedded_files.h"
#include "base/metrics.h"
#include "store/job_store.h"
#include "store/late_vectors.h"

namespace wenyuan::api {
namespace {

// The process answers: that is all.
Result<http::Response> is_alive(Call&) {
  Json json;
  json["status"] = "ok";
  return json_response(200, json);
}

Json check_json(const Status& checked) {
  Json json;
  json["ok"] = checked.has_value();
  if (!checked) json["detail"] = checked.error().message;
  return json;
}

Result<http::Response> is_ready(Call& call) {
  const Status store = call.services.database->read([](store::Snapshot& snapshot) -> Status {
    WY_RETURN_IF_ERROR(snapshot.commit_number());
    return Done{};
  });
  const auto& indexes_ready = call.shared.options.indexes_ready;
  Status indexes = Done{};
  if (indexes_ready && !indexes_ready()) {
    indexes = Error{ErrorCode::unavailable, "the indexes are being brought up to date"};
  }
  const auto models = call.services.engine->models();
  Json json;
  const Status audit = call.services.checkpointer->health();
  const bool ready = store && indexes && audit;
  const auto& disk_ready = call.shared.options.disk_ready;
  const Status disk = disk_ready ? disk_ready() : Status(Done{});
  const auto& key_copy_ready = call.shared.options.key_copy_ready;
  const Status key_copy = key_copy_ready ? key_copy_ready() : Status(Done{});
  // Without the engine, keyword search and quoted answers go on; on a full disk, all but uploads;
  // without the copy of the keys, all but erasures and, before long, uploads.
  json["status"] = !ready ? "unavailable" : models && disk && key_copy ? "ready" : "degraded";
  json["version"] = call.shared.options.version;
  json["checks"]["store"] = check_json(store);
  json["checks"]["indexes"] = check_json(indexes);
  json["checks"]["audit"] = check_json(audit);
  json["checks"]["disk"] = check_json(disk);
  if (key_copy_ready) json["checks"]["key_copy"] = check_json(key_copy);
  json["checks"]["engine"] = check_json(models ? Status(Done{}) : Status(models.error()));
  if (models) json["checks"]["engine"]["models"] = models->size();
  return json_response(ready ? 200 : 503, json);
}

// Behind a proxy everybody comes from this machine.
bool is_local(const http::Request& request) {
  const bool loopback = request.remote_address.starts_with("127.") ||
                        request.remote_address == "::1" ||
                        request.remote_address.starts_with("::ffff:127.");
  return loopback && request.headers.find("X-Forwarded-For") == nullptr &&
         request.headers.find("Forwarded") == nullptr;
}

Result<http::Response> show_metrics(Call& call) {
  if (!is_local(call.request)) {
    if (call.principal.user_id.empty()) WY_RETURN_IF_ERROR(call.sign_in());
    WY_RETURN_IF_ERROR(call.require(auth::Duty::metrics_read));
  }
  WY_TRY(const std::int64_t queued, call.services.database->read([](store::Snapshot& snapshot) {
    return store::queued_job_count(snapshot);
  }));
  metrics::gauge("wenyuan_jobs_queued", "Jobs that wait for a worker")
      .set(static_cast<double>(queued));
  const std::string model = call.services.searcher->embedding_model();
  if (!model.empty()) {
    WY_TRY(const std::int64_t waiting, call.services.database->read([&](store::Snapshot& snapshot) {
      return store::unembedded_count(snapshot, model);
    }));
    metrics::gauge("wenyuan_documents_without_vectors",
                   "Documents that only keyword search finds until they are embedded")
        .set(static_cast<double>(waiting));
  }
  http::Response response = http::make_response(200, "text/plain; version=0.0.4; charset=utf-8",
                                                metrics::prometheus_text());
  response.headers.set("Cache-Control", "no-store");
  return response;
}

// schema/openapi.yaml is written in the part of YAML that is JSON.
Result<http::Response> show_contract(Call& call) {
  const std::string text(embedded_contract().front().content);
  http::Response response = http::make_response(200, "application/json", text);
  response.headers.set("ETag", etag_of(text));
  response.headers.set("Cache-Control", "no-cache");
  const std::string* known = call.request.headers.find("If-None-Match");
  if (known != nullptr && *known == etag_of(text)) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/healthz", .handler = is_alive, .access = Access::open},
    {.method = "GET", .path = "/readyz", .handler = is_ready, .access = Access::open},
    {.method = "GET", .path = "/metrics", .handler = show_metrics, .access = Access::open},
    {.method = "GET", .path = "/openapi.json", .handler = show_contract, .access = Access::open},
};

}  // namespace

std::span<const Route> system_routes() { return kRoutes; }

}  // namespace wenyuan::api
