#include "api/chat_request.h"

#include <algorithm>

namespace wenyuan::api {
namespace {

constexpr std::size_t kMessagesMax = 256;
constexpr TextLimits kContent{0, std::size_t{1} << 20};

std::optional<llm::Role> role_of(std::string_view text) {
  if (text == "system" || text == "developer") return llm::Role::system;
  if (text == "user") return llm::Role::user;
  if (text == "assistant") return llm::Role::assistant;
  return std::nullopt;
}

// A text, or a list of {"type":"text","text":…}.
std::string read_content(ObjectReader& message, const JsonIn& value, FieldErrors& errors) {
  const auto content = value.find("content");
  if (content == value.end() || !content->is_array()) return message.text("content", kContent);
  std::string text;
  std::size_t at = 0;
  for (const JsonIn& part : *content) {
    ObjectReader reader(part, message.pointer() + "/content/" + std::to_string(at++), errors);
    if (reader.text("type", {1, 64}) != "text") {
      reader.complain("type", "must be text");
      return text;
    }
    text += reader.text("text", kContent);
  }
  return text;
}

std::vector<llm::ChatMessage> read_messages(Call& call, ObjectReader& reader) {
  std::vector<llm::ChatMessage> messages;
  const JsonIn* array = reader.maybe_array("messages", kMessagesMax);
  if (array == nullptr || array->empty()) {
    if (!reader.has("messages") || array != nullptr) reader.complain("messages", "is missing");
    return messages;
  }
  for (const JsonIn& one : *array) {
    ObjectReader message(one, "/messages/" + std::to_string(messages.size()), call.field_errors);
    const auto role = role_of(message.text("role", {1, 32}));
    if (!role) message.complain("role", "must be system, user or assistant");
    messages.push_back({role.value_or(llm::Role::user),
                        one.is_object() ? read_content(message, one, call.field_errors) : ""});
  }
  return messages;
}

std::vector<std::string> read_stop(ObjectReader& reader, const JsonIn& body) {
  constexpr TextLimits limits{1, 256};
  const auto stop = body.find("stop");
  if (stop != body.end() && stop->is_array()) {
    return reader.maybe_texts("stop", 4, limits).value_or(std::vector<std::string>());
  }
  const auto text = reader.maybe_text("stop", limits);
  return text ? std::vector<std::string>{*text} : std::vector<std::string>();
}

void read_sampling(ObjectReader& reader, const JsonIn& body, ChatRequest& request) {
  llm::GenerateRequest& generate = request.generate;
  const auto tokens = reader.maybe_integer("max_tokens", 1, 32768);
  const auto completion_tokens = reader.maybe_integer("max_completion_tokens", 1, 32768);
  generate.tokens_max =
      static_cast<std::int32_t>(completion_tokens.value_or(tokens.value_or(generate.tokens_max)));
  generate.temperature = static_cast<float>(reader.maybe_number("temperature", 0, 2).value_or(0));
  generate.top_p = static_cast<float>(reader.maybe_number("top_p", 0, 1).value_or(1));
  generate.top_k =
      static_cast<std::int32_t>(reader.maybe_integer("top_k", 0, 1'000'000).value_or(0));
  generate.seed =
      static_cast<std::uint64_t>(reader.maybe_integer("seed", 0, INT64_MAX).value_or(0));
  if (body.is_object()) generate.stop = read_stop(reader, body);
  request.stream = reader.maybe_flag("stream").value_or(false);
  if (auto options = reader.maybe_object("stream_options")) {
    request.include_usage = options->maybe_flag("include_usage").value_or(false);
  }
  if (reader.maybe_integer("n", 1, 128).value_or(1) != 1) reader.complain("n", "must be 1");
  const JsonIn* tools = reader.maybe_array("tools", 1024);
  if (tools != nullptr && !tools->empty()) reader.complain("tools", "is not supported");
  if (auto format = reader.maybe_object("response_format")) {
    if (format->text("type", {1, 64}) != "text") {
      format->complain("type", "must be text");
    }
  }
}

}  // namespace

std::string ChatRequest::question() const {
  if (!chat) return generate.prompt;
  for (auto message = generate.messages.rbegin(); message != generate.messages.rend(); ++message) {
    if (message->role == llm::Role::user) return message->content;
  }
  return {};
}

ChatRequest read_chat(Call& call, const JsonIn& body) {
  ObjectReader reader(body, "", call.field_errors);
  ChatRequest request;
  request.generate.model = reader.text("model", {1, 256});
  request.generate.messages = read_messages(call, reader);
  read_sampling(reader, body, request);
  return request;
}

ChatRequest read_completion(Call& call, const JsonIn& body) {
  ObjectReader reader(body, "", call.field_errors);
  ChatRequest request;
  request.chat = false;
  request.generate.model =
      reader.maybe_text("model", {1, 256}).value_or(call.shared.options.chat_model);
  const bool is_list = body.is_object() && body.contains("prompt") && body["prompt"].is_array();
  if (is_list) {
    const auto prompts = reader.maybe_texts("prompt", 1, {1, kContent.size_max});
    if (prompts && !prompts->empty()) request.generate.prompt = prompts->front();
  } else {
    request.generate.prompt = reader.text("prompt", {1, kContent.size_max});
  }
  read_sampling(reader, body, request);
  if (auto parameters = reader.maybe_object("parameters")) {
    request.generate.tokens_max = static_cast<std::int32_t>(
        parameters->maybe_integer("max_tokens", 1, 32768).value_or(request.generate.tokens_max));
    request.generate.temperature =
        static_cast<float>(parameters->maybe_number("temperature", 0, 2)
                               .value_or(static_cast<double>(request.generate.temperature)));
  }
  if (request.generate.model.empty() && !reader.has("model")) {
    reader.complain("model", "is missing, and this server has no default one");
  }
  return request;
}

}  // namespace wenyuan::api
