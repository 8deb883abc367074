#include "audit/receipt.h"

#include <charconv>
#include <optional>

#include "audit/base64.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kOrigin = "wenyuan.erasure/";
constexpr std::string_view kSignatureHead = "\xE2\x80\x94 ";  // an em dash and a space
constexpr std::size_t kOriginalsMax = 100'000;
constexpr std::size_t kFirstOriginal = 9;  // the line of it

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
  text += receipt.store_id;
  line("receipt", receipt.id);
  line("document", receipt.document_id);
  line("collection", receipt.collection_id);
  line("erased", rfc3339(receipt.erased_at));
  line("versions", std::to_string(receipt.versions));
  line("chunks", std::to_string(receipt.chunks));
  line("vectors", std::to_string(receipt.vectors));
  line("record", receipt.record_hash);
  for (const ErasedOriginal& each : receipt.originals) {
    line("original", each.sha256 + " " + std::to_string(each.size_bytes));
  }
  text += '\n';
  return text;
}

// The words of a line that begins with `name`; none for another line.
std::vector<std::string_view> words_of(std::string_view line, std::string_view name,
                                       std::size_t count) {
  std::vector<std::string_view> words = split(line, ' ');
  if (words.size() != count + 1 || words[0] != name) return {};
  words.erase(words.begin());
  return words;
}

std::int64_t number_of(std::string_view text) {
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// What is not in its written form is found by writing it again.
std::optional<Receipt> read_lines(const std::vector<std::string_view>& lines) {
  Receipt receipt;
  if (lines.size() < kFirstOriginal + 1 || lines.size() > kFirstOriginal + kOriginalsMax) {
    return std::nullopt;
  }
  const auto one = [&](std::size_t at, std::string_view name) {
    const auto words = words_of(lines[at], name, 1);
    return words.empty() ? std::string_view() : words[0];
  };
  if (!lines[0].starts_with(kOrigin)) return std::nullopt;
  receipt.store_id = lines[0].substr(kOrigin.size());
  receipt.id = one(1, "receipt");
  receipt.document_id = one(2, "document");
  receipt.collection_id = one(3, "collection");
  receipt.erased_at = parse_rfc3339(one(4, "erased")).value_or(0);
  receipt.versions = number_of(one(5, "versions"));
  receipt.chunks = number_of(one(6, "chunks"));
  receipt.vectors = number_of(one(7, "vectors"));
  receipt.record_hash = one(8, "record");
  for (std::size_t at = kFirstOriginal; at + 1 < lines.size(); ++at) {
    const auto words = words_of(lines[at], "original", 2);
    if (words.empty()) return std::nullopt;
    receipt.originals.push_back({std::string(words[0]), number_of(words[1])});
  }
  return receipt;
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

Result<Receipt> parse_receipt(std::string_view text) {
  if (text.size() > kReceiptSizeMax) return not_a_receipt("it is too long");
  auto receipt = read_lines(split(text, '\n'));
  if (!receipt || receipt_text(*receipt) != text) {
    return not_a_receipt("its lines are not those of one");
  }
  return *std::move(receipt);
}

Result<Receipt> open_receipt(std::string_view note, const VerifyingKey& key) {
  if (note.size() > kReceiptSizeMax) return not_a_receipt("it is too long");
  const std::size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos) return not_a_receipt("it has no signature");
  const std::string_view text = note.substr(0, gap + 1);
  WY_TRY(Receipt receipt, parse_receipt(text));
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
