// The limits of what may be asked of the engine, checked on both sides of the socket.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "llm/engine.h"

namespace wenyuan::llm {

// invalid_argument or too_large; the message names the field and the limit.
Status check_model_name(const std::string& model);
Status check_texts(std::span<const std::string> texts);
Status check(const GenerateRequest& request);

}  // namespace wenyuan::llm
