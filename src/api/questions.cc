#include "api/questions.h"

#include <algorithm>

namespace wenyuan::api {
namespace {

constexpr std::size_t kCollectionsMax = 100;
constexpr std::size_t kNotedDocumentsMax = 32;
// An answer is made of the first passages; what is behind them is not in its texts.
constexpr std::size_t kUsedPassagesMax = 8;

}  // namespace

std::vector<std::string> read_collection_ids(ObjectReader& reader) {
  auto ids = reader.maybe_texts("collection_ids", kCollectionsMax, {1, 64});
  if (!ids) return {};
  // An empty list cannot mean "everything".
  if (ids->empty()) reader.complain("collection_ids", "must not be empty; leave it out for all");
  return *std::move(ids);
}

std::optional<store::DocumentFilter> read_filter(ObjectReader& reader) {
  auto object = reader.maybe_object("filter");
  if (!object) return std::nullopt;
  store::DocumentFilter filter;
  filter.attributes = object->maybe_attributes("attributes").value_or(Attributes());
  filter.media_type = object->maybe_text("media_type", {1, 128}).value_or("");
  filter.external_id = object->maybe_text("external_id", {1, 512}).value_or("");
  if (const auto text = object->maybe_text("created_after", {1, 64})) {
    filter.created_after = parse_rfc3339(*text);
    if (!filter.created_after) {
      object->complain("created_after", "must be a time like 2026-01-31T00:00:00Z");
    }
  }
  return filter;
}

std::optional<UnixMillis> read_as_of(Call& call, ObjectReader& reader) {
  const auto text = reader.maybe_text("as_of", {1, 64});
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) reader.complain("as_of", "must be a time like 2026-01-31T00:00:00Z");
  if (!time || *time > call.now) return std::nullopt;
  call.note("as_of", rfc3339(*time));
  return time;
}

void note_question(Call& call, std::string_view text) {
  call.note_personal("question", std::string(text));
}

void note_hits(Call& call, const std::vector<query::SearchHit>& hits) {
  std::vector<std::string> documents;
  for (const query::SearchHit& hit : hits) {
    if (std::ranges::count(documents, hit.chunk.document_id) > 0) continue;
    if (documents.size() == kNotedDocumentsMax) break;
    documents.push_back(hit.chunk.document_id);
  }
  call.note("hits", static_cast<std::int64_t>(hits.size()));
  call.note("documents", std::move(documents));
}

void note_answer_texts(Call& call, const query::Answer& answer) {
  std::vector<std::string> subjects = {call.principal.user_id};
  for (const query::Citation& citation : answer.citations) {
    subjects.push_back(citation.document_id);
  }
  const std::size_t count = std::min(answer.passages.size(), kUsedPassagesMax);
  for (std::size_t at = 0; at < count; ++at) {
    subjects.push_back(answer.passages[at].chunk.document_id);
  }
  call.note_personal("answer", answer.text, subjects);
  if (answer.model_input.empty()) return;
  call.note_personal("model_input", answer.model_input, subjects);
  call.note_personal("model_output", answer.model_output, subjects);
}

}  // namespace wenyuan::api
