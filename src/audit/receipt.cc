#include "audit/receipt.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "audit/base64.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kOrigin = "wenyuan.erasure/";
constexpr std::string_view kSignatureHead = "\xE2\x80\x94 ";  // an em dash and a space

Error not_a_receipt(std::string_view why) {
  return Error{ErrorCode::corrupt, "this is not a receipt: " + std::string(why)};
}

std::string receipt_text(const Receipt& receipt) {
  std::string text(kOrigin);
  const auto line = [&](std::string_view name, const std::string& value) {
    text += '\n';
    text += name;
    text += ' ';
    text += value;
  };
  const auto maybe = [&](std::string_view name, const std::optional<std::int64_t>& number) {
    if (number) line(name, std::to_string(*number));
  };
  const bool of_document = !receipt.document_id.empty();
  text += receipt.store_id;
  line("receipt", receipt.id);
  if (of_document) line("document", receipt.document_id);
  line("collection", receipt.collection_id);
  line("erased", rfc3339(receipt.erased_at));
  line("versions", std::to_string(receipt.versions));
  line("chunks", std::to_string(receipt.chunks));
  line("vectors", std::to_string(receipt.vectors));
  maybe("rows", receipt.rows);
  maybe("answers", receipt.answers);
  maybe("bytes", receipt.bytes);
  line("record", receipt.record_hash);
  for (const ErasedOriginal& each : receipt.originals) {
    line("original", each.sha256 + " " + std::to_string(each.size_bytes));
  }
  for (const ErasedDocument& each : receipt.documents) {
    line("document", each.id + " " + each.receipt_id);
  }
  text += '\n';
  return text;
}

// -1 for what is none.
std::int64_t number_of(std::string_view text) {
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::max<std::int64_t>(number, -1);
}

// Lines one after another.
class Lines {
 public:
  explicit Lines(std::string_view text) : lines_(split(text, '\n')) {}

  // The words behind the name, when the next line has this name and so many; else the line stays.
  std::vector<std::string_view> take(std::string_view name, std::size_t count) {
    if (at_ >= lines_.size()) return {};
    std::vector<std::string_view> words = split(lines_[at_], ' ');
    if (words.size() != count + 1 || words[0] != name) return {};
    words.erase(words.begin());
    ++at_;
    return words;
  }
  std::string_view word(std::string_view name) {
    const auto words = take(name, 1);
    return words.empty() ? std::string_view() : words[0];
  }
  std::optional<std::int64_t> number(std::string_view name) {
    const auto words = take(name, 1);
    if (words.empty()) return std::nullopt;
    return number_of(words[0]);
  }
  std::string_view skip() { return lines_[at_++]; }

 private:
  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
};

bool has_sizes(const Receipt& receipt) {
  for (const std::int64_t each :
       {receipt.versions, receipt.chunks, receipt.vectors, receipt.rows.value_or(0),
        receipt.answers.value_or(0), receipt.bytes.value_or(0)}) {
    if (each < 0) return false;
  }
  return std::all_of(receipt.originals.begin(), receipt.originals.end(),
                     [](const ErasedOriginal& each) { return each.size_bytes >= 0; });
}

// What is not in its written form is found by writing it again.
std::optional<Receipt> read_lines(std::string_view text) {
  if (!text.starts_with(kOrigin)) return std::nullopt;
  Lines lines(text);
  Receipt receipt;
  receipt.store_id = lines.skip().substr(kOrigin.size());
  receipt.id = lines.word("receipt");
  receipt.document_id = lines.word("document");
  receipt.collection_id = lines.word("collection");
  receipt.erased_at = parse_rfc3339(lines.word("erased")).value_or(0);
  receipt.versions = lines.number("versions").value_or(-1);
  receipt.chunks = lines.number("chunks").value_or(-1);
  receipt.vectors = lines.number("vectors").value_or(-1);
  receipt.rows = lines.number("rows");
  receipt.answers = lines.number("answers");
  receipt.bytes = lines.number("bytes");
  receipt.record_hash = lines.word("record");
  const bool of_document = !receipt.document_id.empty();
  for (;;) {
    const auto words = lines.take(of_document ? "original" : "document", 2);
    if (words.empty()) break;
    if (of_document) {
      receipt.originals.push_back({std::string(words[0]), number_of(words[1])});
    } else {
      receipt.documents.push_back({std::string(words[0]), std::string(words[1])});
    }
  }
  if (!has_sizes(receipt)) return std::nullopt;
  return receipt;
}

Result<Receipt> parse_text(std::string_view text) {
  if (text.size() > kReceiptSizeMax) return not_a_receipt("it is too long");
  auto receipt = read_lines(text);
  if (receipt && receipt_text(*receipt) == text) return *std::move(receipt);
  return not_a_receipt("its lines are not those of one");
}

}  // namespace

std::string sign_receipt(const Receipt& receipt, const SigningKey& key) {
  const std::string text = receipt_text(receipt);
  const std::string name = std::string(kOrigin) + receipt.store_id;
  std::string note = text + "\n";
  note += kSignatureHead;
  note += name;
  note += ' ';
  note += to_base64_text(key.verifying_key().key_hash(name) + key.sign(text));
  note += '\n';
  return note;
}

Result<Receipt> parse_receipt(std::string_view note) {
  const std::size_t gap = note.rfind("\n\n");
  return parse_text(gap == std::string_view::npos ? note : note.substr(0, gap + 1));
}

Result<Receipt> open_receipt(std::string_view note, const VerifyingKey& key) {
  if (note.size() > kReceiptSizeMax) return not_a_receipt("it is too long");
  const std::size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos) return not_a_receipt("it has no signature");
  const std::string_view text = note.substr(0, gap + 1);
  WY_TRY(Receipt receipt, parse_text(text));
  const std::string name = std::string(kOrigin) + receipt.store_id;
  const std::string head = std::string(kSignatureHead) + name + " ";
  std::string_view line = note.substr(gap + 2);
  if (!line.starts_with(head) || !line.ends_with('\n')) {
    return not_a_receipt("its signature is not one line by the store");
  }
  line.remove_prefix(head.size());
  line.remove_suffix(1);
  const auto bytes = from_base64(line);
  const std::string hash = key.key_hash(name);
  if (!bytes || !bytes->starts_with(hash) || !key.verifies(text, bytes->substr(hash.size()))) {
    return Error{ErrorCode::corrupt, "the receipt is not signed by this key"};
  }
  return receipt;
}

}  // namespace wenyuan::audit
