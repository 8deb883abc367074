#include "llm/hf_vocabulary.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "llm/hf_pretokenizer.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;

enum Kind : std::int32_t { normal = 1, unknown, control, user_defined, unused, byte };

constexpr std::uint64_t kTokensMax = 1U << 22;
constexpr std::size_t kMergesMax = std::size_t{1} << 23;
constexpr const char* kWordStart = "\u2581";
constexpr float kUnusedScore = -10000.0F;

Error corrupt(const std::string& what) {
  return Error{ErrorCode::corrupt, "tokenizer.json: " + what};
}

std::string shown(std::string_view text) { return json_quoted(text.substr(0, 100)); }

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, from.size()) == from) {
      result += to;
      at += from.size();
    } else {
      result += text[at++];
    }
  }
  return result;
}

// Marked as text, but never meant to be.
bool looks_special(std::string_view text) {
  for (const std::string_view known : {"<pad>", "<mask>", "<2mass>", "[@BOS@]"}) {
    if (text == known) return true;
  }
  return (text.starts_with("<|") && text.ends_with("|>")) ||
         (text.starts_with("<｜") && text.ends_with("｜>")) ||
         (text.starts_with("<unused") && text.ends_with(">"));
}

bool is_byte(std::string_view text) {
  return text.size() == 6 && text.starts_with("<0x") && text.ends_with(">") &&
         from_hex(to_lower_ascii(text.substr(3, 2))).has_value();
}

class Reader {
 public:
  Reader(const json& tokenizer, std::uint64_t rows) : tokenizer_(tokenizer), rows_(rows) {}

  Result<HfVocabulary> run();

 private:
  Status choose_kind(const json& model);
  Status put(std::int64_t id, const std::string& text, std::int32_t kind, float score);
  Status read_texts(const json& model);
  Status read_scored_texts(const json& model);
  Status read_merges(const json& model);
  Status read_merge(const json& item);
  Status read_added();
  void read_unknown(const json& model);
  void score_by_merges();
  void mark_word_starts();

  const json& tokenizer_;
  const std::uint64_t rows_;
  HfVocabulary result_;
  std::vector<bool> taken_;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

Status Reader::choose_kind(const json& model) {
  const auto type = model.find("type");
  // Old files leave the type out.
  const std::string name = type != model.end() && type->is_string() ? type->get<std::string>()
                           : model.contains("merges")               ? "BPE"
                                                                    : "";
  if (name == "Unigram") {
    result_.kind = HfVocabularyKind::unigram;
  } else if (name == "WordPiece") {
    result_.kind = HfVocabularyKind::wordpiece;
    if (const auto prefix = model.find("continuing_subword_prefix");
        prefix != model.end() && *prefix != "##") {
      return corrupt("words are continued by something else than ##");
    }
  } else if (name == "BPE") {
    const bool is_byte_level = has_component(tokenizer_, "pre_tokenizer", "ByteLevel") ||
                               has_component(tokenizer_, "decoder", "ByteLevel");
    result_.kind = is_byte_level ? HfVocabularyKind::byte_level : HfVocabularyKind::sentencepiece;
  } else {
    return Error{ErrorCode::unsupported_media, "tokenizer.json has a model of the type " +
                                                   shown(name) + ", which we cannot convert"};
  }
  return Done{};
}

Status Reader::put(std::int64_t id, const std::string& text, std::int32_t kind, float score) {
  if (id < 0 || static_cast<std::uint64_t>(id) >= rows_) {
    return corrupt("the token " + shown(text) + " has the number " + std::to_string(id) +
                   ", and the model has embeddings for " + std::to_string(rows_));
  }
  const auto at = static_cast<std::size_t>(id);
  if (taken_[at] && result_.texts[at] != text) {
    return corrupt("two tokens have the number " + std::to_string(id));
  }
  taken_[at] = true;
  result_.texts[at] = text;
  result_.kinds[at] = kind;
  result_.scores[at] = score;
  const auto [known, is_new] = result_.ids.emplace(text, id);
  if (!is_new && known->second != id) return corrupt("the token " + shown(text) + " occurs twice");
  return Done{};
}

Status Reader::read_texts(const json& model) {
  const auto vocabulary = model.find("vocab");
  if (vocabulary == model.end() || !vocabulary->is_object()) return corrupt("it has no vocab");
  for (const auto& [text, id] : vocabulary->items()) {
    if (!id.is_number_integer()) return corrupt("the token " + shown(text) + " has no number");
    WY_RETURN_IF_ERROR(put(id.get<std::int64_t>(), text, is_byte(text) ? byte : normal, 0));
  }
  return Done{};
}

Status Reader::read_scored_texts(const json& model) {
  const auto vocabulary = model.find("vocab");
  if (vocabulary == model.end() || !vocabulary->is_array()) return corrupt("it has no vocab");
  std::int64_t id = 0;
  for (const json& item : *vocabulary) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number() ||
        !std::isfinite(item[1].get<float>())) {
      return corrupt("token " + std::to_string(id) + " is no text with a score");
    }
    const auto& text = item[0].get_ref<const std::string&>();
    WY_RETURN_IF_ERROR(put(id++, text, is_byte(text) ? byte : normal, item[1].get<float>()));
  }
  return Done{};
}

Status Reader::read_merge(const json& item) {
  if (item.is_string()) {
    const auto& text = item.get_ref<const std::string&>();
    const std::size_t space = text.find(' ', 1);
    if (space == std::string::npos || space + 1 >= text.size()) {
      return corrupt("the merge " + shown(text) + " is no pair");
    }
    pairs_.emplace_back(text.substr(0, space), text.substr(space + 1));
    return Done{};
  }
  if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_string()) {
    return corrupt("a merge is no pair");
  }
  pairs_.emplace_back(item[0].get<std::string>(), item[1].get<std::string>());
  return Done{};
}

Status Reader::read_merges(const json& model) {
  const auto merges = model.find("merges");
  if (merges == model.end() || !merges->is_array()) return corrupt("it has no merges");
  if (merges->size() > kMergesMax) return corrupt("it has too many merges");
  for (const json& item : *merges) WY_RETURN_IF_ERROR(read_merge(item));
  if (result_.kind != HfVocabularyKind::byte_level) return Done{};
  for (const auto& [left, right] : pairs_) {
    // A pair is cut at its space, so spaces inside are written as byte-level texts write them.
    std::string merge = replaced(left, " ", "\u0120");
    merge += ' ';
    merge += replaced(right, " ", "\u0120");
    result_.merges.push_back(std::move(merge));
  }
  return Done{};
}

// SentencePiece merges what has the best score, Hugging Face what stands first in the list: a text
// scores by the place of the first merge that makes it.
void Reader::score_by_merges() {
  float score = 0;
  for (const auto& [left, right] : pairs_) {
    score -= 1;
    const auto id = result_.ids.find(left + right);
    if (id == result_.ids.end()) continue;
    float& kept = result_.scores[static_cast<std::size_t>(id->second)];
    if (kept == 0) kept = score;
  }
  for (std::size_t i = 0; i < result_.scores.size(); ++i) {
    if (result_.scores[i] == 0 && result_.kinds[i] == normal) result_.scores[i] = score - 1;
  }
}

Status Reader::read_added() {
  const auto added = tokenizer_.find("added_tokens");
  if (added == tokenizer_.end()) return Done{};
  if (!added->is_array()) return corrupt("added_tokens is no list");
  for (const json& item : *added) {
    const auto id = item.is_object() ? item.find("id") : item.end();
    const auto content = item.is_object() ? item.find("content") : item.end();
    if (!item.is_object() || id == item.end() || !id->is_number_integer() ||
        content == item.end() || !content->is_string()) {
      return corrupt("an added token has no number or no text");
    }
    const auto& text = content->get_ref<const std::string&>();
    const auto special = item.find("special");
    const bool is_special = special != item.end() && *special == true;
    const std::int32_t kind = is_special || looks_special(text) ? control : user_defined;
    WY_RETURN_IF_ERROR(put(id->get<std::int64_t>(), text, kind,
                           result_.kind == HfVocabularyKind::sentencepiece ? -1000.0F : 0));
  }
  return Done{};
}

void Reader::read_unknown(const json& model) {
  std::int64_t id = -1;
  if (const auto at = model.find("unk_id"); at != model.end() && at->is_number_integer()) {
    id = at->get<std::int64_t>();
  }
  if (const auto at = model.find("unk_token"); at != model.end() && at->is_string()) {
    id = result_.id(at->get_ref<const std::string&>());
  }
  const bool has_kind =
      result_.kind == HfVocabularyKind::unigram || result_.kind == HfVocabularyKind::sentencepiece;
  if (has_kind && id >= 0 && static_cast<std::uint64_t>(id) < rows_) {
    result_.kinds[static_cast<std::size_t>(id)] = unknown;
  }
}

// GGUF files mark where words start, tokenizer.json where they go on.
void Reader::mark_word_starts() {
  for (std::size_t i = 0; i < result_.texts.size(); ++i) {
    std::string& text = result_.texts[i];
    if (result_.kinds[i] == control || result_.kinds[i] == unused) continue;
    if (text.starts_with("##")) {
      text = text.substr(2);
    } else {
      text = kWordStart + text;
    }
  }
}

Result<HfVocabulary> Reader::run() {
  const auto model = tokenizer_.find("model");
  if (model == tokenizer_.end() || !model->is_object()) return corrupt("it has no model");
  if (rows_ == 0 || rows_ > kTokensMax) {
    return corrupt(std::to_string(rows_) + " tokens are not possible");
  }
  WY_RETURN_IF_ERROR(choose_kind(*model));
  taken_.resize(rows_);
  result_.texts.resize(rows_);
  result_.scores.resize(rows_, kUnusedScore);
  result_.kinds.resize(rows_, unused);
  if (result_.kind == HfVocabularyKind::unigram) {
    WY_RETURN_IF_ERROR(read_scored_texts(*model));
  } else {
    WY_RETURN_IF_ERROR(read_texts(*model));
  }
  const bool is_bpe = result_.kind == HfVocabularyKind::byte_level ||
                      result_.kind == HfVocabularyKind::sentencepiece;
  if (is_bpe) WY_RETURN_IF_ERROR(read_merges(*model));
  if (result_.kind == HfVocabularyKind::sentencepiece) score_by_merges();
  WY_RETURN_IF_ERROR(read_added());
  read_unknown(*model);
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (!taken_[i]) result_.texts[i] = "[PAD" + std::to_string(i) + "]";
    if (result_.kinds[i] == user_defined) {
      result_.texts[i] = replaced(result_.texts[i], kWordStart, " ");
    }
  }
  if (result_.kind == HfVocabularyKind::wordpiece) mark_word_starts();
  return std::move(result_);
}

}  // namespace

Result<HfVocabulary> HfVocabulary::read(const json& tokenizer, std::uint64_t rows) {
  return Reader(tokenizer, rows).run();
}

std::int64_t HfVocabulary::id(std::string_view text) const {
  const auto at = ids.find(text);
  return at == ids.end() ? -1 : at->second;
}

}  // namespace wenyuan::llm
