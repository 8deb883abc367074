#include "llm/inspect.h"

#include <algorithm>
#include <cstdio>
#include <type_traits>

#include "base/text.h"
#include "llm/chat_template.h"
#include "llm/decoder/architectures.h"
#include "llm/tokenizer.h"
#include "llm/weight_formats.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kShownItems = 4;
constexpr std::size_t kShownText = 80;
constexpr std::size_t kShownProblems = 8;

std::string one_text(bool value) { return value ? "true" : "false"; }
std::string one_text(std::int64_t value) { return std::to_string(value); }
std::string one_text(std::uint64_t value) { return std::to_string(value); }
std::string one_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}
std::string one_text(const std::string& value) {
  if (value.size() <= kShownText) return json_quoted(value);
  return json_quoted(std::string_view(value).substr(0, kShownText)) + " … (" +
         std::to_string(value.size()) + " bytes)";
}

template <class T>
std::string one_text(const std::vector<T>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < std::min(values.size(), kShownItems); ++i) {
    text += (i == 0 ? "" : ", ") + one_text(static_cast<T>(values[i]));
  }
  if (values.size() > kShownItems) text += ", … (" + std::to_string(values.size()) + ")";
  text += "]";
  return text;
}

bool is_decoder(std::string_view architecture) {
  for (const DecoderArchitecture& known : decoder_architectures()) {
    if (architecture == known.name) return true;
  }
  return false;
}

bool is_encoder(std::string_view architecture) {
  return architecture == "bert" || architecture == "nomic-bert";
}

std::string known_architectures() {
  std::string names;
  for (const DecoderArchitecture& known : decoder_architectures()) {
    names += std::string(known.name) + ", ";
  }
  return names + "bert, nomic-bert";
}

void find_tensor_problems(const Gguf& file, std::vector<std::string>& problems) {
  std::map<std::string, std::size_t> unreadable;
  for (const auto& [key, view] : file.tensors()) {
    if (!weight_type_of(view.type)) ++unreadable[std::string(name(view.type))];
  }
  for (const auto& [type, count] : unreadable) {
    problems.push_back(std::to_string(count) + " tensors are of the format " + type +
                       ", which cannot be run");
  }
  if (file.tensor("token_embd.weight") == nullptr) {
    problems.emplace_back("it has no token_embd.weight");
  }
}

void find_problems(const Gguf& file, std::vector<std::string>& problems) {
  const std::string architecture = file.architecture();
  if (!is_decoder(architecture) && !is_encoder(architecture)) {
    problems.push_back("its architecture is " + json_quoted(architecture) +
                       "; those that can be run are " + known_architectures());
    return;
  }
  find_tensor_problems(file, problems);
  const auto tokenizer = Tokenizer::create(file);
  if (!tokenizer) problems.push_back("its tokenizer: " + tokenizer.error().message);
  if (is_encoder(architecture)) return;
  const auto chat = ChatTemplate::create(file);
  if (!chat) problems.push_back("its chat template: " + chat.error().message);
  if (problems.size() > kShownProblems) problems.resize(kShownProblems);
}

}  // namespace

double ModelReport::bits_per_parameter() const {
  if (parameters == 0) return 0;
  return 8 * static_cast<double>(tensor_bytes) / static_cast<double>(parameters);
}

std::string to_text(const MetaValue& value) {
  return std::visit([](const auto& held) { return one_text(held); }, value);
}

ModelReport inspect_model(const Gguf& file) {
  ModelReport report;
  report.architecture = file.architecture();
  report.name = file.text("general.name").value_or("");
  report.file_bytes = file.size_bytes();
  for (const auto& [key, view] : file.tensors()) {
    FormatShare& share = report.formats[std::string(name(view.type))];
    ++share.tensors;
    share.elements += view.element_count();
    share.bytes += view.bytes.size();
    report.parameters += view.element_count();
    report.tensor_bytes += view.bytes.size();
  }
  for (const auto& [key, value] : file.metadata())
    report.metadata.emplace_back(key, to_text(value));
  find_problems(file, report.problems);
  return report;
}

}  // namespace wenyuan::llm
