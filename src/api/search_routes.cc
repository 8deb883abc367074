#include <chrono>

#include "api/access.h"
#include "api/call.h"
#include "api/questions.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

query::SearchRequest read_search(Call& call, ObjectReader& reader) {
  query::SearchRequest search;
  search.query = reader.text("query", kQuestionText);
  search.collection_ids = read_collection_ids(reader);
  const std::string mode = reader.maybe_text("mode", {1, 32}).value_or("hybrid");
  if (mode == "semantic") {
    search.mode = query::SearchMode::semantic;
  } else if (mode == "keyword") {
    search.mode = query::SearchMode::keyword;
  } else if (mode != "hybrid") {
    reader.complain("mode", "must be hybrid, semantic or keyword");
  }
  search.limit = static_cast<int>(reader.maybe_integer("limit", 1, 100).value_or(10));
  search.filter = read_filter(reader);
  search.rerank = reader.maybe_flag("rerank").value_or(true);
  search.as_of = read_as_of(call, reader);
  return search;
}

std::string_view mode_name(query::SearchMode mode) {
  switch (mode) {
    case query::SearchMode::hybrid: return "hybrid";
    case query::SearchMode::semantic: return "semantic";
    case query::SearchMode::keyword: return "keyword";
  }
  return "hybrid";
}

Result<http::Response> search(Call& call) {
  using SteadyClock = std::chrono::steady_clock;
  const auto start = SteadyClock::now();
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const query::SearchRequest wanted = read_search(call, reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  note_question(call, wanted.query);
  const std::stop_token stop = call.request.stop_token();
  WY_TRY(const query::SearchResult found,
         with_permit(call, Action::read, [&](const Permit& permit) {
           return call.services.searcher->search(permit, wanted, stop);
         }));
  note_hits(call, found.hits);
  WY_RETURN_IF_ERROR(call.record("search"));
  Json json;
  json["results"] = passages_json(found.hits);
  json["mode"] = mode_name(found.mode);
  json["took_ms"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start).count();
  json["commit"] = found.commit;
  return json_response(200, json);
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/search",
     .handler = search,
     .scope = "search",
     .body = Body::json},
};

}  // namespace

std::span<const Route> search_routes() { return kRoutes; }

}  // namespace wenyuan::api
