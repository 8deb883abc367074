#include "query/answer.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/text.h"
#include "query/citation.h"
#include "query/draft.h"
#include "query/evidence.h"
#include "query/prompt.h"

namespace wenyuan::query {
namespace {

// Passages that are looked into for evidence, and those that the model reads.
constexpr std::size_t kEvidencePassages = 6;
constexpr std::size_t kPromptPassages = 3;
constexpr std::int64_t kPromptPassageChars = 1200;
constexpr std::size_t kSentencesMax = 96;

// What may be quoted in one answer.
constexpr std::int64_t kQuoteCharsMax = 300;
constexpr std::size_t kQuotesMax = 3;

// Below both, the passages are about something else (bench/README.md says how they were chosen).
constexpr double kCoverageMin = 0.28;
constexpr double kCosineMin = 0.85;

// A model whose vocabulary breaks a language into bytes has not learnt it.
constexpr double kTokensPerCharacterMax = 1.2;

class Stopwatch {
 public:
  std::int64_t milliseconds() const {
    using std::chrono::duration_cast;
    return duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

bool supports_an_answer(const std::vector<Sentence>& sentences) {
  return std::any_of(sentences.begin(), sentences.end(), [](const Sentence& each) {
    return each.coverage >= kCoverageMin || each.cosine >= kCosineMin;
  });
}

bool is_cancelled(const Error& error) { return error.code == ErrorCode::cancelled; }

const Error kGone{ErrorCode::cancelled, "the client went away"};

void refuse(Answer& answer, const AskRequest& request) {
  answer.text = refusal_sentence(request.question);
  answer.grounded = false;
  answer.citations.clear();
  const auto count = std::min<std::size_t>(3, answer.passages.size());
  answer.refusal = Refusal{
      "not_in_collections",
      {answer.passages.begin(), answer.passages.begin() + static_cast<std::ptrdiff_t>(count)}};
}

}  // namespace

// The vectors of the question and of each sentence; empty when there is no embedder, or when it
// fails: lexical evidence is enough to go on.
Result<std::vector<std::vector<float>>> Answerer::embed_evidence(
    const std::string& question, const std::vector<Sentence>& sentences,
    const std::stop_token& stop) const {
  std::vector<std::vector<float>> none;
  const std::string model = parts_.searcher->embedding_model();
  if (model.empty()) return none;
  std::vector<std::string> texts;
  for (const Sentence& each : sentences) texts.push_back(each.text);
  const std::string questions[] = {question};
  auto vectors = parts_.engine->embed(model, texts, llm::EmbedKind::passage, stop);
  if (!vectors) {
    if (is_cancelled(vectors.error())) return std::move(vectors).error();
    log::warn("ask.no_embedding", {{"code", name(vectors.error().code)}});
    return none;
  }
  auto query = parts_.engine->embed(model, questions, llm::EmbedKind::query, stop);
  if (!query) {
    if (is_cancelled(query.error())) return std::move(query).error();
    return none;
  }
  vectors->push_back(std::move(query->front()));
  return std::move(*vectors);
}

Result<std::vector<Sentence>> Answerer::find_evidence(const std::vector<SearchHit>& passages,
                                                      const std::string& question,
                                                      const std::stop_token& stop) const {
  const auto count = std::min(kEvidencePassages, passages.size());
  std::vector<Sentence> sentences =
      split_passages({passages.begin(), passages.begin() + static_cast<std::ptrdiff_t>(count)});
  if (sentences.size() > kSentencesMax) sentences.resize(kSentencesMax);
  WY_TRY(std::vector<std::vector<float>> vectors, embed_evidence(question, sentences, stop));
  std::vector<float> question_vector;
  if (!vectors.empty()) {
    question_vector = std::move(vectors.back());
    vectors.pop_back();
  }
  score_sentences(sentences, question, vectors, question_vector);
  return sentences;
}

bool Answerer::speaks(const std::string& model, const std::string& question) const {
  const std::string texts[] = {question};
  const auto tokens = parts_.engine->count_tokens(model, texts);
  if (!tokens) return false;
  return static_cast<double>(tokens->front()) <=
         kTokensPerCharacterMax * static_cast<double>(code_point_count(question));
}

// True when the model wrote something that could be supported; it is in `answer` then.
Result<bool> Answerer::generate(const AskRequest& request, const std::string& scope,
                                const std::vector<Sentence>& sentences, Draft& draft,
                                Answer& answer, const std::stop_token& stop) const {
  const std::string& model = request.model.empty() ? options_.default_model : request.model;
  if (model.empty() || !speaks(model, request.question)) return false;
  llm::GenerateRequest generate_request;
  generate_request.model = model;
  generate_request.cache_scope = scope;
  generate_request.messages = build_prompt(request.question, answer.passages, sentences,
                                           kPromptPassages, kPromptPassageChars);
  generate_request.tokens_max = request.tokens_max;
  generate_request.temperature = request.temperature;
  generate_request.seed = request.seed;
  answer.model_input = conversation_text(generate_request.messages);
  auto result = parts_.engine->generate(
      generate_request,
      [&](std::string_view text) {
        answer.model_output += text;
        return draft.feed(text);
      },
      stop);
  if (draft.abandoned()) return kGone;
  if (result) {
    answer.usage = *result;
    draft.end();
    if (draft.abandoned()) return kGone;
  } else if (stop.stop_requested()) {
    return std::move(result).error();
  } else if (!draft.stopped()) {
    // The engine failed; the passages are still there to be quoted.
    log::warn("ask.no_generation", {{"code", name(result.error().code)}});
  }
  if (draft.empty()) return false;
  answer.generated = true;
  answer.model = model;
  return true;
}

Result<Answer> Answerer::ask(const Permit& permit, const AskRequest& request,
                             const AskObserver& observer, std::stop_token stop) const {
  const Stopwatch watch;
  Answer answer;
  SearchRequest search;
  search.query = request.question;
  search.collection_ids = request.collection_ids;
  search.limit = request.limit;
  search.as_of = request.as_of;
  WY_TRY(SearchResult found, parts_.searcher->search(permit, search, stop));
  answer.passages = std::move(found.hits);
  answer.timings.rerank = found.rerank_ms;
  answer.timings.search = watch.milliseconds() - found.rerank_ms;
  if (observer.on_passages && !observer.on_passages(answer.passages)) return kGone;

  WY_TRY(const std::vector<Sentence> sentences,
         find_evidence(answer.passages, request.question, stop));
  CitationMaker citations(*parts_.database, permit, answer.passages);
  Draft draft(
      request.question, sentences, citations,
      [&](std::string_view text) {
        if (answer.timings.first_token == 0) answer.timings.first_token = watch.milliseconds();
        return !observer.on_delta || observer.on_delta(text);
      },
      observer.on_citation);

  if (!supports_an_answer(sentences)) {
    refuse(answer, request);
    if (observer.on_delta && !observer.on_delta(answer.text)) return kGone;
  } else {
    WY_TRY(const bool generated,
           generate(request, permit.principal_id(), sentences, draft, answer, stop));
    // The best quotes: all of the answer, or what stands beside the model's words.
    const std::size_t count = generated ? 1 : kQuotesMax;
    for (const Sentence& quote : select_quotes(sentences, answer.passages, kQuoteCharsMax, count)) {
      if (!draft.cites(quote)) draft.quote(quote);
    }
    if (draft.abandoned()) return kGone;
    answer.text = draft.text();
    answer.citations = draft.citations();
    answer.grounded = !answer.citations.empty();
    if (draft.error()) return *draft.error();
    if (!answer.grounded) refuse(answer, request);
  }
  answer.timings.total = watch.milliseconds();
  return answer;
}

}  // namespace wenyuan::query
