#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "api/call.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kDocumentsMax = 1000;
constexpr TextLimits kText{1, std::size_t{256} << 10};

struct RerankRequest {
  std::string model;
  std::string query;
  std::vector<std::string> documents;
  std::size_t top = 0;
  bool return_documents = false;
};

// Each a text, or an object with one, as other servers take them.
std::vector<std::string> read_documents(const JsonIn& body, ObjectReader& reader) {
  std::vector<std::string> documents;
  if (!body.is_object() || !body.contains("documents") || !body["documents"].is_array()) {
    reader.complain("documents", "must be a list of texts");
    return documents;
  }
  const JsonIn& list = body["documents"];
  if (list.empty() || list.size() > kDocumentsMax) {
    reader.complain("documents", "must have 1 to " + std::to_string(kDocumentsMax) + " texts");
    return documents;
  }
  for (const JsonIn& item : list) {
    const bool is_wrapped = item.is_object() && item.contains("text");
    const JsonIn& text = is_wrapped ? item["text"] : item;
    if (!text.is_string() || text.get_ref<const std::string&>().size() > kText.size_max) {
      reader.complain("documents/" + std::to_string(documents.size()),
                      "must be a text of at most " + std::to_string(kText.size_max) + " bytes");
      return {};
    }
    documents.push_back(text.get<std::string>());
  }
  return documents;
}

RerankRequest read_request(Call& call, const JsonIn& body) {
  ObjectReader reader(body, "", call.field_errors);
  RerankRequest wanted;
  wanted.model =
      reader.maybe_text("model", {1, 256}).value_or(call.services.searcher->reranker_model());
  wanted.query = reader.text("query", kText);
  wanted.documents = read_documents(body, reader);
  wanted.top = static_cast<std::size_t>(
      reader.maybe_integer("top_n", 1, static_cast<std::int64_t>(kDocumentsMax))
          .value_or(static_cast<std::int64_t>(kDocumentsMax)));
  wanted.return_documents = reader.maybe_flag("return_documents").value_or(false);
  if (wanted.model.empty() && !reader.has("model")) {
    reader.complain("model", "is missing, and this server has no default reranker");
  }
  return wanted;
}

// Between 0 and 1, as clients of such an API expect; the order is that of the model's own scores.
double relevance(float score) { return 1 / (1 + std::exp(-static_cast<double>(score))); }

Result<http::Response> rerank(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  const RerankRequest wanted = read_request(call, body);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(const std::vector<float> scores,
         call.services.engine->rerank(wanted.model, wanted.query, wanted.documents,
                                      call.request.stop_token()));
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(order.size(), wanted.top));
  Json json;
  json["model"] = wanted.model;
  json["results"] = Json::array();
  for (const std::size_t index : order) {
    Json result = {{"index", index}, {"relevance_score", relevance(scores[index])}};
    if (wanted.return_documents) result["document"] = {{"text", wanted.documents[index]}};
    json["results"].push_back(std::move(result));
  }
  call.note("model", wanted.model);
  call.note("texts", static_cast<std::int64_t>(wanted.documents.size()));
  return json_response(200, json);
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/rerank",
     .handler = rerank,
     .action = "rerank",
     .scope = "ask",
     .body = Body::json},
};

}  // namespace

std::span<const Route> rerank_routes() { return kRoutes; }

}  // namespace wenyuan::api
