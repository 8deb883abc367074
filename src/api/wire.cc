#include "api/wire.h"

#include <cmath>

namespace wenyuan::api {
namespace {

// A hundred-thousandth of a page is finer than any screen.
double rounded(float fraction) { return std::round(static_cast<double>(fraction) * 1e5) / 1e5; }

Json number_or_null(const std::optional<double>& number) {
  return number ? Json(*number) : Json(nullptr);
}

}  // namespace

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

Json time_or_null(const std::optional<UnixMillis>& time) {
  return time ? Json(rfc3339(*time)) : Json(nullptr);
}

Json to_json(const Collection& collection) {
  Json json;
  json["id"] = collection.id;
  json["name"] = collection.name;
  json["kind"] = name(collection.kind);
  json["owner_id"] = collection.owner_id;
  json["attributes"] = to_json(collection.attributes);
  json["created_at"] = rfc3339(collection.created_at);
  json["updated_at"] = rfc3339(collection.updated_at);
  return json;
}

Json to_json(const Document& document) {
  Json json;
  json["id"] = document.id;
  json["collection_id"] = document.collection_id;
  json["title"] = document.title.empty() ? document.file_name : document.title;
  json["file_name"] = text_or_null(document.file_name);
  json["external_id"] = text_or_null(document.external_id);
  json["media_type"] = document.media_type;
  json["size_bytes"] = document.size_bytes;
  json["sha256"] = document.sha256;
  json["state"] = name(document.unreadable ? DocumentState::failed : document.state);
  json["error"] = text_or_null(document.error);
  json["version"] = document.version;
  json["job_id"] = document.job_id;
  json["attributes"] = to_json(document.attributes);
  json["chunk_count"] = document.chunk_count;
  json["page_count"] = document.page_count;
  json["created_at"] = rfc3339(document.created_at);
  json["updated_at"] = rfc3339(document.updated_at);
  return json;
}

Json to_json(const store::DocumentVersion& version) {
  Json json;
  json["version"] = version.version;
  json["title"] = version.title;
  json["media_type"] = version.media_type;
  json["size_bytes"] = version.size_bytes;
  json["sha256"] = version.sha256;
  json["created_at"] = rfc3339(version.created_at);
  json["effective_from"] = rfc3339(version.effective_from);
  json["effective_until"] = time_or_null(version.effective_until);
  return json;
}

Json to_json(const Location& location) {
  Json json;
  json["version"] = location.version;
  json["heading_path"] = location.heading_path;
  json["page"] = location.page == 0 ? Json(nullptr) : Json(location.page);
  json["boxes"] = Json::array();
  for (const Box& box : location.boxes) {
    json["boxes"].push_back(
        {box.page, rounded(box.x0), rounded(box.y0), rounded(box.x1), rounded(box.y1)});
  }
  json["char_start"] = location.char_start;
  json["char_end"] = location.char_end;
  return json;
}

Json to_json(const Chunk& chunk) {
  Json json;
  json["chunk_id"] = chunk_wire_id(chunk);
  json["document_id"] = chunk.document_id;
  json["ordinal"] = chunk.ordinal;
  json["text"] = chunk.text;
  json["location"] = to_json(chunk.location);
  return json;
}

Json to_json(const Job& job) {
  Json json;
  json["id"] = job.id;
  json["kind"] = job.kind;
  json["state"] = name(job.state);
  json["document_id"] = text_or_null(job.document_id);
  json["progress"] = {{"done", job.done}, {"total", job.total}, {"stage", text_or_null(job.stage)}};
  json["attempts"] = job.attempts;
  json["error"] = text_or_null(job.error);
  json["created_at"] = rfc3339(job.created_at);
  json["updated_at"] = rfc3339(job.updated_at);
  return json;
}

Json to_json(const query::SearchHit& hit) {
  Json json;
  json["chunk_id"] = chunk_wire_id(hit.chunk);
  json["document_id"] = hit.chunk.document_id;
  json["collection_id"] = hit.chunk.collection_id;
  json["title"] = hit.chunk.title;
  json["text"] = hit.chunk.text;
  json["score"] = hit.score;
  json["scores"] = {{"keyword", number_or_null(hit.keyword)},
                    {"semantic", number_or_null(hit.semantic)},
                    {"fused", number_or_null(hit.fused)},
                    {"rerank", number_or_null(hit.rerank)}};
  json["highlights"] = hit.highlights;
  json["location"] = to_json(hit.chunk.location);
  return json;
}

Json passages_json(const std::vector<query::SearchHit>& hits) {
  Json json = Json::array();
  for (const query::SearchHit& hit : hits) json.push_back(to_json(hit));
  return json;
}

Json to_json(const query::Citation& citation) {
  Json json;
  json["marker"] = citation.marker;
  json["document_id"] = citation.document_id;
  json["chunk_id"] = citation.chunk_id;
  json["title"] = citation.title;
  json["quote"] = citation.quote;
  json["location"] = to_json(citation.location);
  json["verified"] = citation.verified;
  return json;
}

Json usage_json(const llm::GenerateResult& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"cached_tokens", usage.cached_tokens}};
}

Json to_json(const auth::User& user) {
  Json json;
  json["id"] = user.id;
  json["username"] = user.username;
  json["display_name"] = user.display_name;
  json["email"] = text_or_null(user.email);
  json["attributes"] = to_json(user.attributes);
  json["roles"] = user.roles;
  json["disabled"] = user.disabled;
  json["has_password"] = user.has_password;
  json["created_at"] = rfc3339(user.created_at);
  json["updated_at"] = rfc3339(user.updated_at);
  return json;
}

Json to_json(const auth::ApiKey& key) {
  Json json;
  json["id"] = key.id;
  json["user_id"] = key.user_id;
  json["name"] = key.name;
  json["prefix"] = key.prefix;
  json["scopes"] = key.scopes;
  json["expires_at"] = time_or_null(key.expires_at);
  json["last_used_at"] = time_or_null(key.last_used_at);
  json["created_at"] = rfc3339(key.created_at);
  return json;
}

Json to_json(const auth::Group& group) {
  Json json;
  json["id"] = group.id;
  json["name"] = group.name;
  json["description"] = group.description;
  json["created_at"] = rfc3339(group.created_at);
  json["updated_at"] = rfc3339(group.updated_at);
  return json;
}

Json to_json(const audit::Record& record) {
  Json json;
  json["number"] = record.number;
  json["time"] = rfc3339(record.time);
  json["action"] = record.event.action;
  json["outcome"] = audit::name(record.event.outcome);
  json["class"] = text_or_null(record.retention_class);
  json["actor_id"] = text_or_null(record.event.actor_id);
  json["key_id"] = text_or_null(record.event.key_id);
  json["object_id"] = text_or_null(record.event.object_id);
  json["request_id"] = text_or_null(record.event.request_id);
  json["address"] = text_or_null(record.event.address);
  json["details"] = to_json(record.event.details);
  json["hash"] = record.hash;
  return json;
}

}  // namespace wenyuan::api
