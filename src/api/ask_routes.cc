#include "api/access.h"
#include "api/budgets.h"
#include "api/call.h"
#include "api/event_stream.h"
#include "api/questions.h"
#include "api/wire.h"
#include "base/id.h"

namespace wenyuan::api {
namespace {

query::AskRequest read_ask(Call& call, ObjectReader& reader) {
  query::AskRequest ask;
  ask.question = reader.text("question", kQuestionText);
  ask.collection_ids = read_collection_ids(reader);
  ask.as_of = read_as_of(call, reader);
  ask.limit = static_cast<int>(reader.maybe_integer("limit", 1, 32).value_or(8));
  ask.tokens_max =
      static_cast<std::int32_t>(reader.maybe_integer("max_tokens", 1, 8192).value_or(512));
  ask.temperature = static_cast<float>(reader.maybe_number("temperature", 0, 2).value_or(0));
  ask.seed = static_cast<std::uint64_t>(reader.maybe_integer("seed", 0, INT64_MAX).value_or(0));
  ask.model = reader.maybe_text("model", {1, 256}).value_or("");
  reader.refuse("conversation_id", "is not supported by this version");
  return ask;
}

Json refusal_json(const std::optional<query::Refusal>& refusal) {
  if (!refusal) return nullptr;
  return {{"reason", refusal->reason}, {"nearest", passages_json(refusal->nearest)}};
}

// Without the answer's text: a stream has shown it already.
Json answer_json(const query::Answer& answer, const std::string& receipt_id) {
  Json json;
  json["grounded"] = answer.grounded;
  json["generated"] = answer.generated;
  json["model"] = text_or_null(answer.model);
  json["citations"] = Json::array();
  for (const query::Citation& citation : answer.citations) {
    json["citations"].push_back(to_json(citation));
  }
  json["passages"] = passages_json(answer.passages);
  json["refusal"] = refusal_json(answer.refusal);
  json["usage"] = usage_json(answer.usage);
  json["timings_ms"] = {{"search", answer.timings.search},
                        {"rerank", answer.timings.rerank},
                        {"first_token", answer.timings.first_token},
                        {"total", answer.timings.total}};
  json["receipt_id"] = receipt_id;
  json["conversation_id"] = nullptr;
  return json;
}

void note_answer(Call& call, const query::Answer& answer, const std::string& receipt_id) {
  note_hits(call, answer.passages);
  call.note("receipt", receipt_id);
  call.note("grounded", answer.grounded);
  call.note("citations", static_cast<std::int64_t>(answer.citations.size()));
  call.note("model", answer.model);
  note_answer_texts(call, answer);
  call.spend_tokens(answer.usage.prompt_tokens + answer.usage.completion_tokens);
}

Result<http::Response> answer_whole(Call& call, const query::AskRequest& wanted) {
  const std::stop_token stop = call.request.stop_token();
  WY_TRY(const query::Answer answer, with_permit(call, Action::read, [&](const Permit& permit) {
           return call.services.answerer->ask(permit, wanted, {}, stop);
         }));
  const std::string receipt_id = new_id("rct");
  note_answer(call, answer, receipt_id);
  WY_RETURN_IF_ERROR(call.record("answer"));
  Json json;
  json["answer"] = answer.text;
  json.update(answer_json(answer, receipt_id));
  return json_response(200, json);
}

// An answer as it is being made. A permit that becomes stale on the way can only be replaced while
// nothing has been shown.
void answer_streamed(Call& call, const query::AskRequest& wanted, EventStream& events,
                     const std::stop_token& stop) {
  bool shown = false;
  const query::AskObserver observer{
      .on_passages =
          [&](const std::vector<query::SearchHit>& hits) {
            shown = true;
            return events.send("passages", to_text({{"passages", passages_json(hits)}}));
          },
      .on_delta =
          [&](std::string_view text) {
            return events.send("delta", to_text({{"text", text}}));
          },
      .on_citation =
          [&](const query::Citation& citation) {
            return events.send("citation", to_text(to_json(citation)));
          }};
  const auto ask = [&](const Permit& permit) -> Result<query::Answer> {
    auto answer = call.services.answerer->ask(permit, wanted, observer, stop);
    if (answer || !shown || answer.error().code != ErrorCode::conflict) return answer;
    return Error{ErrorCode::unavailable,
                 "Rights have changed while the answer was made; ask again"};
  };
  const auto answer = with_permit(call, Action::read, ask);
  Status done = answer ? Status(Done{}) : Status(answer.error());
  if (!answer && answer.error().code == ErrorCode::cancelled) done = broken_off();
  const std::string receipt_id = new_id("rct");
  if (answer) {
    note_answer(call, *answer, receipt_id);
    done = call.record("answer");
  } else if (answer.error().code != ErrorCode::cancelled) {
    call.note("code", std::string(name(answer.error().code)));
    static_cast<void>(call.record("answer", audit::Outcome::failed));
  }
  if (done) {
    events.send("done", to_text(answer_json(*answer, receipt_id)));
  } else {
    const Problem problem = to_problem(done.error(), {}, false);
    events.send("error", to_text(to_json(problem, call.request_id, ErrorStyle::problem)));
  }
}

Result<http::Response> ask(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const query::AskRequest wanted = read_ask(call, reader);
  const bool stream = reader.maybe_flag("stream").value_or(false);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_RETURN_IF_ERROR(take_collection_questions(call, wanted.collection_ids));
  note_question(call, wanted.question);
  // Before anything is looked up or shown: a question that cannot be recorded is not answered.
  WY_RETURN_IF_ERROR(call.record("ask"));
  if (!stream) return answer_whole(call, wanted);
  // The handler ends before its answer begins.
  return event_response([held = std::make_shared<Call>(call), wanted](http::BodyWriter& writer) {
    EventStream::run(writer, kHeartbeat, [&](EventStream& events, const std::stop_token& stop) {
      answer_streamed(*held, wanted, events, stop);
    });
  });
}

constexpr Route kRoutes[] = {
    {.method = "POST", .path = "/v1/ask", .handler = ask, .scope = "ask", .body = Body::json},
};

}  // namespace

std::span<const Route> ask_routes() { return kRoutes; }

}  // namespace wenyuan::api
