#include <span>

#include "api/call.h"
#include "api/chat.h"
#include "api/wire.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kInputsMax = 256;
constexpr TextLimits kInput{1, std::size_t{256} << 10};

Json model_json(const std::string& id, UnixMillis created_at, std::string_view owner) {
  Json json;
  json["id"] = id;
  json["object"] = "model";
  json["created"] = created_at / 1000;
  json["owned_by"] = owner;
  return json;
}

Result<Json> collection_models(Call& call, store::Snapshot& snapshot) {
  Json models = Json::array({model_json("wenyuan", 0, "wenyuan")});
  WY_TRY(const auto ids, call.services.policies->visible_collections(snapshot, call.principal));
  for (const std::string& id : ids) {
    WY_TRY(const Collection collection, store::collection(snapshot, id));
    Json model = model_json("wenyuan/" + id, collection.created_at, "wenyuan");
    model["name"] = collection.name;
    models.push_back(std::move(model));
  }
  return models;
}

// The caller's collections, then what the engine has; without an engine only the former.
Result<http::Response> list_models(Call& call) {
  WY_TRY(Json models,
         call.read([&](store::Snapshot& snapshot) { return collection_models(call, snapshot); }));
  const auto engine_models = call.services.engine->models();
  if (!engine_models && engine_models.error().code != ErrorCode::unavailable) {
    return engine_models.error();
  }
  if (engine_models) {
    for (const llm::ModelInfo& info : *engine_models) {
      Json model = model_json(info.name, 0, "engine");
      model["kind"] = llm::name(info.kind);
      model["context_length"] = info.context_length;
      if (info.vector_size > 0) model["vector_size"] = info.vector_size;
      models.push_back(std::move(model));
    }
  }
  Json json;
  json["object"] = "list";
  json["data"] = std::move(models);
  return json_response(200, json);
}

struct EmbedRequest {
  std::string model;
  std::vector<std::string> texts;
  llm::EmbedKind kind = llm::EmbedKind::passage;
  bool base64 = false;
  std::optional<std::int64_t> dimensions;
};

EmbedRequest read_embed(Call& call, const JsonIn& body) {
  ObjectReader reader(body, "", call.field_errors);
  EmbedRequest wanted;
  wanted.model =
      reader.maybe_text("model", {1, 256}).value_or(call.services.searcher->embedding_model());
  if (body.is_object() && body.contains("input") && body["input"].is_array()) {
    wanted.texts = reader.maybe_texts("input", kInputsMax, kInput).value_or(wanted.texts);
    if (body["input"].empty()) reader.complain("input", "must not be empty");
  } else {
    wanted.texts.push_back(reader.text("input", kInput));
  }
  const std::string format = reader.maybe_text("encoding_format", {1, 16}).value_or("float");
  if (format != "float" && format != "base64") {
    reader.complain("encoding_format", "must be float or base64");
  }
  wanted.base64 = format == "base64";
  // Models of the E5 family want to know which of the two a text is.
  const std::string kind = reader.maybe_text("input_type", {1, 16}).value_or("passage");
  if (kind != "query" && kind != "passage") {
    reader.complain("input_type", "must be query or passage");
  }
  wanted.kind = kind == "query" ? llm::EmbedKind::query : llm::EmbedKind::passage;
  wanted.dimensions = reader.maybe_integer("dimensions", 1, 65536);
  if (wanted.model.empty() && !reader.has("model")) {
    reader.complain("model", "is missing, and this server has no default one");
  }
  return wanted;
}

Json vector_json(const std::vector<float>& vector, bool base64) {
  if (!base64) return vector;
  return to_base64(
      {reinterpret_cast<const std::uint8_t*>(vector.data()), vector.size() * sizeof(float)});
}

Result<http::Response> embed(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  const EmbedRequest wanted = read_embed(call, body);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(const auto vectors, call.services.engine->embed(wanted.model, wanted.texts, wanted.kind,
                                                         call.request.stop_token()));
  WY_TRY(const auto counts, call.services.engine->count_tokens(wanted.model, wanted.texts));
  Json json;
  json["object"] = "list";
  json["data"] = Json::array();
  for (const std::vector<float>& vector : vectors) {
    if (wanted.dimensions && *wanted.dimensions != static_cast<std::int64_t>(vector.size())) {
      call.field_errors.push_back(
          {"/dimensions", "this model gives " + std::to_string(vector.size())});
      return status(call.field_errors).error();
    }
    const std::size_t index = json["data"].size();
    json["data"].push_back({{"object", "embedding"},
                            {"index", index},
                            {"embedding", vector_json(vector, wanted.base64)}});
  }
  std::int64_t tokens = 0;
  for (const std::int64_t count : counts) tokens += count;
  json["model"] = wanted.model;
  json["usage"] = {{"prompt_tokens", tokens}, {"total_tokens", tokens}};
  call.spend_tokens(tokens);
  call.note("model", wanted.model);
  call.note("texts", static_cast<std::int64_t>(wanted.texts.size()));
  return json_response(200, json);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/models",
     .handler = list_models,
     .action = "model.list",
     .style = ErrorStyle::openai},
    {.method = "POST",
     .path = "/v1/embeddings",
     .handler = embed,
     .action = "embed",
     .scope = "ask",
     .body = Body::json,
     .style = ErrorStyle::openai},
    {.method = "POST",
     .path = "/v1/chat/completions",
     .handler = complete_chat,
     .scope = "ask",
     .body = Body::json,
     .style = ErrorStyle::openai},
    {.method = "POST",
     .path = "/v1/completions",
     .handler = complete_text,
     .scope = "ask",
     .body = Body::json,
     .style = ErrorStyle::openai},
};

}  // namespace

std::span<const Route> openai_routes() { return kRoutes; }

}  // namespace wenyuan::api
