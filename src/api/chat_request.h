// What a chat or text completion asks for, read from either shape of request.
#pragma once

#include <string>
#include <vector>

#include "api/call.h"

namespace wenyuan::api {

struct ChatRequest {
  llm::GenerateRequest generate;  // model, messages or prompt, and how to sample
  bool chat = true;               // else a text completion
  bool stream = false;
  bool include_usage = false;

  // What is looked up in collections: the last thing that the user said.
  std::string question() const;
};

// What is wrong goes to the call's field_errors.
ChatRequest read_chat(Call& call, const JsonIn& body);
ChatRequest read_completion(Call& call, const JsonIn& body);

}  // namespace wenyuan::api
