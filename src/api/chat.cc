#include "api/chat.h"

#include <algorithm>

#include "api/access.h"
#include "api/budgets.h"
#include "api/chat_request.h"
#include "api/event_stream.h"
#include "api/questions.h"
#include "api/wire.h"
#include "base/id.h"
#include "base/text.h"
#include "query/prompt.h"

namespace wenyuan::api {
namespace {

constexpr std::string_view kCollectionsModel = "wenyuan";
constexpr std::string_view kCollectionModel = "wenyuan/";

// What came out, whoever said it.
struct Spoken {
  std::string text;
  llm::GenerateResult usage;
  std::vector<query::Citation> citations;
};

using OnDelta = std::function<bool(std::string_view)>;

// "wenyuan/<id or name>" as ids; empty for all collections.
Result<std::vector<std::string>> chosen_collections(Call& call, std::string_view model) {
  if (model == kCollectionsModel) return std::vector<std::string>();
  const std::string wanted(model.substr(kCollectionModel.size()));
  return call.read([&](store::Snapshot& snapshot) -> Result<std::vector<std::string>> {
    WY_TRY(const auto visible,
           call.services.policies->visible_collections(snapshot, call.principal));
    if (std::ranges::binary_search(visible, wanted)) return std::vector<std::string>{wanted};
    std::vector<std::string> named;
    for (const std::string& id : visible) {
      WY_TRY(const Collection collection, store::collection(snapshot, id));
      if (collection.name == wanted) named.push_back(id);
    }
    if (named.empty()) return Error{ErrorCode::not_found, "There is no such model"};
    return named;
  });
}

Result<Spoken> speak_from_collections(Call& call, const ChatRequest& request,
                                      const OnDelta& on_delta, const std::stop_token& stop) {
  query::AskRequest ask;
  ask.question = request.question();
  WY_TRY(ask.collection_ids, chosen_collections(call, request.generate.model));
  WY_RETURN_IF_ERROR(take_collection_questions(call, ask.collection_ids));
  ask.tokens_max = request.generate.tokens_max;
  ask.temperature = request.generate.temperature;
  ask.seed = request.generate.seed;
  bool shown = false;
  query::AskObserver observer;
  observer.on_delta = [&](std::string_view text) {
    shown = true;
    return on_delta(text);
  };
  WY_TRY(query::Answer answer,
         with_permit(call, Action::read, [&](const Permit& permit) -> Result<query::Answer> {
           auto made = call.services.answerer->ask(permit, ask, observer, stop);
           if (made || !shown || made.error().code != ErrorCode::conflict) return made;
           return Error{ErrorCode::unavailable, "Rights have changed; ask again"};
         }));
  note_hits(call, answer.passages);
  call.note("grounded", answer.grounded);
  call.note("citations", static_cast<std::int64_t>(answer.citations.size()));
  call.note("model", answer.model);
  note_answer_texts(call, answer);
  call.spend_tokens(answer.usage.prompt_tokens + answer.usage.completion_tokens);
  WY_RETURN_IF_ERROR(call.record("answer"));
  return Spoken{std::move(answer.text), answer.usage, std::move(answer.citations)};
}

Result<Spoken> speak_plainly(Call& call, const ChatRequest& request, const OnDelta& on_delta,
                             const std::stop_token& stop) {
  Spoken spoken;
  llm::GenerateRequest generate = request.generate;
  generate.cache_scope = call.principal.user_id;
  WY_TRY(spoken.usage, call.services.engine->generate(
                           generate,
                           [&](std::string_view text) {
                             spoken.text += text;
                             return on_delta(text);
                           },
                           stop));
  call.note_personal("model_output", spoken.text);
  call.spend_tokens(spoken.usage.prompt_tokens + spoken.usage.completion_tokens);
  WY_RETURN_IF_ERROR(call.record("generate.done"));
  return spoken;
}

Result<Spoken> speak(Call& call, const ChatRequest& request, const OnDelta& on_delta,
                     const std::stop_token& stop) {
  return names_collections(request.generate.model)
             ? speak_from_collections(call, request, on_delta, stop)
             : speak_plainly(call, request, on_delta, stop);
}

// The head that every object of one completion shares.
struct Envelope {
  std::string id;
  std::int64_t created;  // seconds
  std::string model;
  bool chat;

  Json json(bool chunk) const {
    Json json;
    json["id"] = id;
    json["object"] = !chat   ? "text_completion"
                     : chunk ? "chat.completion.chunk"
                             : "chat.completion";
    json["created"] = created;
    json["model"] = model;
    return json;
  }

  // One choice; `content` null for none. `end` is the finish reason, or null.
  Json choice(const Json& content, const Json& end, bool chunk) const {
    Json choice;
    choice["index"] = 0;
    if (!chat) {
      choice["text"] = content.is_null() ? Json("") : content;
    } else if (chunk) {
      choice["delta"] = content.is_null() ? Json(Json::object()) : Json{{"content", content}};
    } else {
      choice["message"] = {{"role", "assistant"}, {"content", content}, {"refusal", nullptr}};
    }
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = end;
    return choice;
  }
};

std::string_view finish_reason(const Spoken& spoken) {
  return spoken.usage.finish == llm::FinishReason::length ? "length" : "stop";
}

Json openai_usage(const llm::GenerateResult& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

// Where the markers stand in the text, and which file each means.
Json annotations_json(const Spoken& spoken) {
  Json annotations = Json::array();
  for (const query::Citation& citation : spoken.citations) {
    const std::size_t at = spoken.text.find("[" + std::to_string(citation.marker) + "]");
    const std::size_t index =
        at == std::string::npos ? 0 : code_point_count(std::string_view(spoken.text).substr(0, at));
    annotations.push_back({{"type", "file_citation"},
                           {"index", index},
                           {"file_id", citation.document_id},
                           {"filename", citation.title}});
  }
  return annotations;
}

Json citations_json(const Spoken& spoken) {
  Json citations = Json::array();
  for (const query::Citation& citation : spoken.citations) citations.push_back(to_json(citation));
  return citations;
}

Result<http::Response> answer_whole(Call& call, const ChatRequest& request,
                                    const Envelope& envelope) {
  const auto keep_on = [](std::string_view) { return true; };
  WY_TRY(const Spoken spoken, speak(call, request, keep_on, call.request.stop_token()));
  Json json = envelope.json(false);
  Json choice = envelope.choice(spoken.text, finish_reason(spoken), false);
  if (names_collections(request.generate.model)) {
    if (request.chat) choice["message"]["annotations"] = annotations_json(spoken);
    json["citations"] = citations_json(spoken);
  }
  json["choices"] = Json::array({choice});
  json["usage"] = openai_usage(spoken.usage);
  return json_response(200, json);
}

bool send_choice(EventStream& events, const Envelope& envelope, const Json& choice) {
  Json json = envelope.json(true);
  json["choices"] = Json::array({choice});
  return events.send("", to_text(json));
}

void answer_streamed(Call& call, const ChatRequest& request, const Envelope& envelope,
                     EventStream& events, const std::stop_token& stop) {
  if (request.chat) {
    Json first = envelope.choice("", nullptr, true);
    first["delta"] = {{"role", "assistant"}, {"content", ""}};
    send_choice(events, envelope, first);
  }
  const auto on_delta = [&](std::string_view text) {
    return send_choice(events, envelope, envelope.choice(text, nullptr, true));
  };
  const auto spoken = speak(call, request, on_delta, stop);
  if (!spoken) {
    const bool cut = spoken.error().code == ErrorCode::cancelled;
    const Problem problem = to_problem(cut ? broken_off() : spoken.error(), {}, false);
    events.send("", to_text(to_json(problem, call.request_id, ErrorStyle::openai)));
    return;
  }
  Json last = envelope.json(true);
  Json choice = envelope.choice(nullptr, finish_reason(*spoken), true);
  if (names_collections(request.generate.model)) {
    if (request.chat) choice["delta"]["annotations"] = annotations_json(*spoken);
    last["citations"] = citations_json(*spoken);
  }
  last["choices"] = Json::array({choice});
  events.send("", to_text(last));
  if (request.include_usage) {
    Json usage = envelope.json(true);
    usage["choices"] = Json::array();
    usage["usage"] = openai_usage(spoken->usage);
    events.send("", to_text(usage));
  }
  events.send("", "[DONE]");
}

Result<http::Response> complete(Call& call, const ChatRequest& request) {
  if (names_collections(request.generate.model)) {
    const std::string question = request.question();
    if (question.empty() || question.size() > kQuestionText.size_max) {
      call.field_errors.push_back({request.chat ? "/messages" : "/prompt",
                                   "the last message of the user must be a question of at most " +
                                       std::to_string(kQuestionText.size_max) + " bytes"});
    }
  }
  WY_RETURN_IF_ERROR(status(call.field_errors));
  note_question(call, request.question());
  call.note("model", request.generate.model);
  if (!names_collections(request.generate.model)) {
    call.note_personal("model_input", request.generate.messages.empty()
                                          ? request.generate.prompt
                                          : query::conversation_text(request.generate.messages));
  }
  WY_RETURN_IF_ERROR(call.record(names_collections(request.generate.model) ? "ask" : "generate"));
  const Envelope envelope{new_id(request.chat ? "chatcmpl" : "cmpl"), call.now / 1000,
                          request.generate.model, request.chat};
  if (!request.stream) return answer_whole(call, request, envelope);
  return event_response(
      [held = std::make_shared<Call>(call), request, envelope](http::BodyWriter& writer) {
        EventStream::run(writer, kHeartbeat, [&](EventStream& events, const std::stop_token& stop) {
          answer_streamed(*held, request, envelope, events, stop);
        });
      });
}

}  // namespace

bool names_collections(std::string_view model) {
  return model == kCollectionsModel || model.starts_with(kCollectionModel);
}

Result<http::Response> complete_chat(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  return complete(call, read_chat(call, body));
}

Result<http::Response> complete_text(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  return complete(call, read_completion(call, body));
}

}  // namespace wenyuan::api
