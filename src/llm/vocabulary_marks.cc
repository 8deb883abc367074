#include "llm/vocabulary_marks.h"

#include <algorithm>
#include <iterator>

namespace wenyuan::llm {
namespace {

constexpr std::string_view kEndMarks[] = {"<|im_end|>",
                                          "<|eot_id|>",
                                          "<|eom_id|>",
                                          "<|eot|>",
                                          "<|end_of_text|>",
                                          "<|endoftext|>",
                                          "<end_of_turn>",
                                          "<|END_OF_TURN_TOKEN|>",
                                          "<|end|>",
                                          "<|return|>",
                                          "</s>",
                                          "<｜end▁of▁sentence｜>",
                                          "<|end_of_sentence|>",
                                          "<|EOT|>",
                                          "[EOS]",
                                          "[EOT]"};

// Those that have no brackets of their own.
constexpr std::string_view kMarks[] = {"<s>",
                                       "<bos>",
                                       "<eos>",
                                       "<pad>",
                                       "<unk>",
                                       "<mask>",
                                       "<sep>",
                                       "<cls>",
                                       "<start_of_turn>",
                                       "<end_of_turn>",
                                       "<<SYS>>",
                                       "<</SYS>>",
                                       "<start_of_role>",
                                       "<end_of_role>",
                                       "<start_of_image>",
                                       "<sop>",
                                       "<eop>",
                                       "<user>",
                                       "<assistant>",
                                       "<system>",
                                       "</user>",
                                       "</assistant>",
                                       "</system>",
                                       "<extra_id_0>",
                                       "<extra_id_1>",
                                       "<reserved_106>",
                                       "<reserved_107>"};

bool is_upper_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '_' || c == '/'; });
}

// Between the brackets, with at least one byte.
bool is_between(std::string_view text, std::string_view open, std::string_view close) {
  return text.size() > open.size() + close.size() && text.starts_with(open) &&
         text.ends_with(close);
}

}  // namespace

bool is_end_mark(std::string_view text) {
  return std::find(std::begin(kEndMarks), std::end(kEndMarks), text) != std::end(kEndMarks);
}

bool is_conversation_mark(std::string_view text) {
  if (is_end_mark(text)) return true;
  if (std::find(std::begin(kMarks), std::end(kMarks), text) != std::end(kMarks)) return true;
  if (is_between(text, "<|", "|>") || is_between(text, "<｜", "｜>")) return true;
  // [INST], [/INST], [SYSTEM_PROMPT], [CLS]; not [0].
  return is_between(text, "[", "]") && text.size() >= 5 &&
         is_upper_word(text.substr(1, text.size() - 2));
}

}  // namespace wenyuan::llm
